//! One of the agent's own descriptors.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::registry::OWN;

/// An open file that the program must not touch.
#[derive(Debug)]
pub(crate) struct OwnFile {
    file: OwnedFd,
    number: u32,
}

impl OwnFile {
    pub(super) fn new(file: OwnedFd, number: u32) -> Self {
        OWN.insert(number);
        Self { file, number }
    }

    /// Its number.
    pub(crate) const fn number(&self) -> u32 {
        self.number
    }
}

impl AsFd for OwnFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl Drop for OwnFile {
    fn drop(&mut self) {
        // Before the file is closed: as soon as it is, the number can be the program's.
        OWN.remove(self.number);
    }
}

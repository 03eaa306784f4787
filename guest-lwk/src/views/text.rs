//! Text in the making. Running out of memory is an error of the call that asked for it.

use alloc::vec::Vec;
use core::fmt;

use crate::errno::Errno;

/// What a view shows.
pub struct Text {
    bytes: Vec<u8>,
    is_cut: bool,
}

impl Text {
    /// Nothing yet.
    pub fn new() -> Self {
        Self { bytes: Vec::new(), is_cut: false }
    }

    /// Adds bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.is_cut || self.bytes.try_reserve(bytes.len()).is_err() {
            self.is_cut = true;
            return;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Adds a line, or a part of one.
    pub fn put(&mut self, text: fmt::Arguments<'_>) {
        // It never fails: what does not fit is remembered.
        let _ = fmt::Write::write_fmt(self, text);
    }

    /// How long it is.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// All of it; ENOMEM if there was no memory for it.
    pub fn finish(self) -> Result<Vec<u8>, Errno> {
        if self.is_cut { Err(Errno::ENOMEM) } else { Ok(self.bytes) }
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes());
        Ok(())
    }
}

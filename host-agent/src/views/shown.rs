//! The descriptors that show views.
//!
//! A file of /proc tells what is so when it is read from its beginning, however long it has been open. So a descriptor that is read from its
//! beginning again must be made anew. A descriptor that was duplicated, or inherited, goes on showing what it showed.

use std::collections::BTreeMap;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use virtio_ikc::view::View;

/// Most descriptors that are remembered; more show what they showed.
const MOST: usize = 1024;

/// What a descriptor shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Shown {
    /// The view.
    pub(crate) view: View,
    /// Its process.
    pub(crate) process: u32,
    /// Its thread, or 0.
    pub(crate) thread: u32,
    /// Whether it has not been read from its beginning.
    is_fresh: bool,
    /// Device and inode of the file that shows it.
    identity: (u64, u64),
}

/// All of a process.
#[derive(Debug, Default)]
pub(crate) struct ShownFiles {
    any: AtomicBool,
    files: Mutex<BTreeMap<i32, Shown>>,
}

impl From<BTreeMap<i32, Shown>> for ShownFiles {
    fn from(files: BTreeMap<i32, Shown>) -> Self {
        Self { any: AtomicBool::new(!files.is_empty()), files: Mutex::new(files) }
    }
}

impl ShownFiles {
    /// Keeps all others from changing it.
    pub(crate) fn lock(&self) -> MutexGuard<'_, BTreeMap<i32, Shown>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `descriptor` shows `view` from now on.
    pub(crate) fn add(&self, descriptor: BorrowedFd<'_>, view: View, process: u32, thread: u32) {
        let Some(identity) = identity(descriptor) else { return };
        let mut files = self.lock();
        if files.len() < MOST || files.contains_key(&descriptor.as_raw_fd()) {
            files.insert(descriptor.as_raw_fd(), Shown { view, process, thread, is_fresh: true, identity });
            self.any.store(true, Ordering::Relaxed);
        }
    }

    /// What `descriptor` shows, if it is a view.
    pub(crate) fn get(&self, descriptor: BorrowedFd<'_>) -> Option<Shown> {
        if !self.any.load(Ordering::Relaxed) {
            return None;
        }
        let shown = *self.lock().get(&descriptor.as_raw_fd())?;
        if identity(descriptor) == Some(shown.identity) {
            return Some(shown);
        }
        // The program has closed it, and the number is another file's.
        self.lock().remove(&descriptor.as_raw_fd());
        None
    }

    /// `descriptor` is read from its beginning; answers whether that was the first time since it was made.
    pub(crate) fn begin(&self, descriptor: BorrowedFd<'_>) -> bool {
        let mut files = self.lock();
        let shown = files.get_mut(&descriptor.as_raw_fd());
        shown.is_some_and(|shown| std::mem::replace(&mut shown.is_fresh, false))
    }
}

fn identity(descriptor: BorrowedFd<'_>) -> Option<(u64, u64)> {
    let status = rustix::fs::fstat(descriptor).ok()?;
    Some((status.st_dev, status.st_ino))
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn a_view_is_fresh_until_it_is_read_from_its_beginning() {
        let files = ShownFiles::default();
        let file = File::open("/etc/hostname").unwrap_or_else(|_| File::open("/etc/passwd").unwrap());
        assert!(files.get(file.as_fd()).is_none());
        files.add(file.as_fd(), View::MAPS, 1, 0);
        assert_eq!(files.get(file.as_fd()).unwrap().view, View::MAPS);
        assert!(files.begin(file.as_fd()) && !files.begin(file.as_fd()));
    }
}

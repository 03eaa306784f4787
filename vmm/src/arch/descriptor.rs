//! Descriptors that come as plain numbers.
#![allow(unsafe_code)]

use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};

use vmm_sys_util::eventfd::EventFd;

/// The first descriptor that is none of the standard ones.
const FIRST: RawFd = 3;

/// The descriptor of `event`, as long as that lives.
pub(crate) fn of(event: &EventFd) -> BorrowedFd<'_> {
    // SAFETY: the eventfd owns its descriptor and outlives the borrow.
    unsafe { BorrowedFd::borrow_raw(event.as_raw_fd()) }
}

/// Takes the one descriptor that this process was started with beside the standard ones; `None` when there is no such
/// descriptor, and at every further call.
#[must_use]
pub fn inherited(number: RawFd) -> Option<OwnedFd> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    if number < FIRST || TAKEN.swap(true, Ordering::Relaxed) {
        return None;
    }
    // SAFETY: fcntl checks the number; the caller names what it was started with, which nobody in this process
    // owns yet, and nobody can name it twice.
    unsafe {
        let open = libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) == 0;
        open.then(|| OwnedFd::from_raw_fd(number))
    }
}

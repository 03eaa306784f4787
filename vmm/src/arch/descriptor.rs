//! Borrowing a descriptor from a type that lends its number only.
#![allow(unsafe_code)]

use std::os::fd::{AsRawFd, BorrowedFd};

use vmm_sys_util::eventfd::EventFd;

/// The descriptor of `event`, as long as that lives.
pub(crate) fn of(event: &EventFd) -> BorrowedFd<'_> {
    // SAFETY: the eventfd owns its descriptor and outlives the borrow.
    unsafe { BorrowedFd::borrow_raw(event.as_raw_fd()) }
}

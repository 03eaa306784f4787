//! The one thing a test needs that only unsafe code can do.
#![allow(unsafe_code)]

use std::os::fd::{FromRawFd, OwnedFd};

/// The descriptor that this process was started with.
pub(crate) fn inherited(number: i32) -> OwnedFd {
    // SAFETY: the parent left it open for us, and nothing else here knows of it.
    unsafe { OwnedFd::from_raw_fd(number) }
}

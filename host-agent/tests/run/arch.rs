//! What tests need that only unsafe code can do.
#![allow(unsafe_code)]

use std::os::fd::{FromRawFd, OwnedFd};

/// The descriptor that this process was started with.
pub(crate) fn inherited(number: i32) -> OwnedFd {
    // SAFETY: the parent left it open for us, and nothing else here knows of it.
    unsafe { OwnedFd::from_raw_fd(number) }
}

/// Sends one thread of a process a signal.
pub(crate) fn send_to_thread(process: i32, thread: i32, signal: i32) {
    // SAFETY: tgkill takes numbers.
    let sent = unsafe { libc::syscall(libc::SYS_tgkill, process, thread, signal) };
    assert_eq!(sent, 0);
}

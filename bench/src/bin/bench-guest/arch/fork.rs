//! A second process by fork(2).
#![allow(unsafe_code)]

use std::io;

use rustix::process::Pid;

/// Starts a process that is a copy of this one, runs `child` and ends with what that gives. The program must have one
/// thread, so that no lock is held by a thread that the copy does not have.
///
/// # Errors
/// What fork(2) answers.
pub(crate) fn fork(child: impl FnOnce() -> i32) -> io::Result<Pid> {
    // SAFETY: with one thread, the copy's memory is consistent.
    match unsafe { libc::fork() } {
        // SAFETY: _exit(2) ends the copy without running anything that belongs to the original.
        0 => unsafe { libc::_exit(child()) },
        id => Pid::from_raw(id).filter(|_| id > 0).ok_or_else(io::Error::last_os_error),
    }
}

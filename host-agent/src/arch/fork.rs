//! fork(2), for the one process that may use it: the agent before it has any thread; and its counterpart.
#![allow(unsafe_code)]

use std::io;

/// Forks. Answers the child's pid in the parent and `None` in the child.
///
/// # Errors
/// Those of fork(2).
pub(crate) fn fork() -> io::Result<Option<u32>> {
    // SAFETY: the agent has a single thread when it forks, so that no lock is held by a thread the child lacks.
    match unsafe { libc::fork() } {
        0 => Ok(None),
        child => u32::try_from(child).map(Some).map_err(|_| io::Error::last_os_error()),
    }
}

/// Ends the process at once, all its threads with it.
pub(crate) fn end_process(code: i32) -> ! {
    // SAFETY: _exit has no conditions; nothing of ours must be done before the end.
    unsafe { libc::_exit(code) }
}

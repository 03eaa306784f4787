//! fork(2) and its counterpart.
#![allow(unsafe_code)]

use std::io;

/// Forks. Answers the child's pid in the parent and `None` in the child, whose only thread is the caller's. Locks of ours
/// that other threads hold stay held in the child for ever: whatever the child uses, the caller must hold.
///
/// # Errors
/// Those of fork(2).
pub(crate) fn fork() -> io::Result<Option<u32>> {
    // SAFETY: the C library takes its own locks around it, so that the child can allocate and make threads.
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

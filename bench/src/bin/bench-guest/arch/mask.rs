//! The signal mask.
#![allow(unsafe_code)]

use std::io;
use std::mem::MaybeUninit;

/// Blocks SIGUSR1 by sigprocmask(2); gives whether it was blocked before.
///
/// # Errors
/// What sigprocmask(2) answers.
pub(crate) fn block_user_signal() -> io::Result<bool> {
    let mut blocked = MaybeUninit::<libc::sigset_t>::uninit();
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigemptyset fills the set, sigaddset and sigprocmask then read a filled one, and sigprocmask fills
    // `before` unless it fails, where it is not read.
    unsafe {
        libc::sigemptyset(blocked.as_mut_ptr());
        libc::sigaddset(blocked.as_mut_ptr(), libc::SIGUSR1);
        if libc::sigprocmask(libc::SIG_BLOCK, blocked.as_ptr(), before.as_mut_ptr()) != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(libc::sigismember(before.as_ptr(), libc::SIGUSR1) == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_time_it_was_blocked_before() {
        block_user_signal().unwrap();
        assert!(block_user_signal().unwrap());
    }
}

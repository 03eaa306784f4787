//! Holding signals back for a moment, so that Ctrl-C cannot end the process between a change and its undoing.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;

/// Signals are held back from the calling thread while this lives; they arrive afterwards.
#[derive(Debug)]
pub(crate) struct HeldSignals {
    previous: libc::sigset_t,
}

impl HeldSignals {
    /// Begins to hold all signals back that can be (`pthread_sigmask(3)`).
    pub(crate) fn hold() -> Self {
        let mut all = MaybeUninit::uninit();
        let mut previous = MaybeUninit::uninit();
        // SAFETY: sigfillset initialises the set it is given, and pthread_sigmask fails only for an unknown first
        // argument, so it initialises `previous`.
        unsafe {
            libc::sigfillset(all.as_mut_ptr());
            libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), previous.as_mut_ptr());
            Self { previous: previous.assume_init() }
        }
    }
}

impl Drop for HeldSignals {
    fn drop(&mut self) {
        // SAFETY: the set came from pthread_sigmask; no old set is asked for.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.previous, std::ptr::null_mut());
        }
    }
}

//! What this process was started to do on SIGPIPE.
//!
//! Rust's runtime ignores the signal before `main`, so that writing to a closed pipe is an error, and so hides whether the
//! program is to inherit it as ignored (execve(2) keeps that). A function that the C runtime calls before finds it out.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, Ordering};

/// SIGPIPE in a set of signals of which bit 0 is signal 1.
pub(crate) const BROKEN_PIPE: u64 = 1 << (libc::SIGPIPE - 1);

static IGNORED: AtomicBool = AtomicBool::new(false);

/// Whether SIGPIPE was ignored when this process was started.
pub(crate) fn was_ignored() -> bool {
    IGNORED.load(Ordering::Relaxed)
}

extern "C" fn note() {
    let mut action = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: sigaction fills the structure when it answers 0, and changes nothing without a new action.
    let ignored = unsafe {
        libc::sigaction(libc::SIGPIPE, std::ptr::null(), action.as_mut_ptr()) == 0
            && action.assume_init().sa_sigaction == libc::SIG_IGN
    };
    IGNORED.store(ignored, Ordering::Relaxed);
}

// SAFETY: the C runtime calls what stands in this section once, before `main`; the function needs nothing of Rust's runtime.
#[used]
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = note;

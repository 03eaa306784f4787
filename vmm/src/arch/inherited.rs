//! What this process was started with and Rust's runtime hides.
//!
//! Before `main` the runtime ignores SIGPIPE, so that writing to a closed pipe is an error, and opens /dev/null where standard
//! input, output or error are closed. The program is to inherit neither (execve(2) keeps ignored signals and closed descriptors). A
//! function that the C runtime calls earlier finds out how things were.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

/// SIGPIPE in a set of signals of which bit 0 is signal 1.
pub(crate) const BROKEN_PIPE: u64 = 1 << (libc::SIGPIPE - 1);

static BROKEN_PIPE_IGNORED: AtomicBool = AtomicBool::new(false);
/// Bit by bit which of descriptors 0, 1 and 2 were closed.
static CLOSED: AtomicU8 = AtomicU8::new(0);

/// Whether SIGPIPE was ignored when this process was started.
pub(crate) fn broken_pipe_was_ignored() -> bool {
    BROKEN_PIPE_IGNORED.load(Ordering::Relaxed)
}

/// Which of standard input, output and error were closed when this process was started.
pub(crate) fn closed_streams() -> Vec<i32> {
    let closed = CLOSED.load(Ordering::Relaxed);
    (0..3).filter(|stream| closed & (1 << stream) != 0).collect()
}

extern "C" fn note() {
    let mut action = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: sigaction fills the structure when it answers 0, and changes nothing without a new action.
    let ignored = unsafe {
        libc::sigaction(libc::SIGPIPE, std::ptr::null(), action.as_mut_ptr()) == 0
            && action.assume_init().sa_sigaction == libc::SIG_IGN
    };
    BROKEN_PIPE_IGNORED.store(ignored, Ordering::Relaxed);
    // SAFETY: asks for a descriptor's flags and changes nothing.
    let is_closed = |stream: i32| unsafe { libc::fcntl(stream, libc::F_GETFD) } == -1;
    let closed = (0..3).filter(|stream| is_closed(*stream)).fold(0, |set, stream| set | 1 << stream);
    CLOSED.store(closed, Ordering::Relaxed);
}

// SAFETY: the C runtime calls what stands in this section once, before `main`; the function needs nothing of Rust's runtime.
#[used]
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = note;

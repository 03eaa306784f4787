//! Threads that cost little: a program may have thousands, and each has a stand-in here that does next to nothing.
//!
//! The standard library gives every thread a name, a handle and a stack for signal handlers; these need none of that.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::io;
use std::mem::MaybeUninit;
use std::ptr;

type Body = Box<dyn FnOnce() + Send>;

/// Starts a detached thread that executes `body`, with the caller's signal mask and `stack_bytes` of stack: only what is touched is memory.
///
/// # Errors
/// EAGAIN when there are too many threads or too little memory (pthread_create(3)).
pub(crate) fn start_small_thread(stack_bytes: usize, body: Body) -> io::Result<()> {
    let argument = Box::into_raw(Box::new(body));
    let mut attributes = MaybeUninit::uninit();
    let mut thread = MaybeUninit::uninit();
    // SAFETY: the attributes are initialised before they are used and destroyed once; the new thread alone owns `argument`.
    let error = unsafe {
        libc::pthread_attr_init(attributes.as_mut_ptr());
        libc::pthread_attr_setstacksize(attributes.as_mut_ptr(), stack_bytes);
        libc::pthread_attr_setdetachstate(attributes.as_mut_ptr(), libc::PTHREAD_CREATE_DETACHED);
        let error = libc::pthread_create(thread.as_mut_ptr(), attributes.as_ptr(), enter, argument.cast());
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
        error
    };
    if error == 0 {
        return Ok(());
    }
    // SAFETY: there is no thread, so it is ours again.
    drop(unsafe { Box::from_raw(argument) });
    Err(io::Error::from_raw_os_error(error))
}

extern "C" fn enter(argument: *mut c_void) -> *mut c_void {
    // SAFETY: `start_small_thread` made it of a box and gave it to this thread alone.
    let body = unsafe { Box::from_raw(argument.cast::<Body>()) };
    body();
    ptr::null_mut()
}

//! Where the entry code hands over to the rest of the LWK.
#![allow(unsafe_code)]

use virtio_ikc::layout::PROGRAM_END;

use super::context::Context;
use super::current;
use crate::process::fault;
use crate::process::signal;
use crate::syscall;

/// The "vector" of [`trap`] when an interrupt arrived while the LWK was running.
pub const PENDING_VECTOR: u64 = 256;

/// A system call. Answers 0 when the program may go on without RCX and R11, 1 when it needs every register.
pub(super) extern "sysv64" fn system_call(context: *mut Context) -> u64 {
    // SAFETY: the entry code passes the place of the current thread's registers, which nobody else uses now.
    let context = unsafe { &mut *context };
    let thread = current::thread();
    let full = syscall::dispatch::system_call(thread, context);
    u64::from(signal::deliver::before_return(thread, context) || full)
}

/// An exception or interrupt of the program; an exception of the LWK itself is its end.
pub(super) extern "sysv64" fn trap(context: *mut Context, vector: u64, error: u64, address: u64) {
    // SAFETY: as for `system_call`.
    let context = unsafe { &mut *context };
    assert!(
        context.rip < PROGRAM_END || vector >= 32,
        "exception {vector} in the LWK, error {error:#x}, address {address:#x}, {context:#x?}"
    );
    let thread = current::thread();
    if vector < 32 {
        fault::exception(thread, context, vector, error, address);
    } else {
        crate::statistics::interrupt();
        super::privileged::take_pending();
        crate::ikc::events::poll();
    }
    signal::deliver::before_return(thread, context);
}

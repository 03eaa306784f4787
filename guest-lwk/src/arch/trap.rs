//! Where the entry code hands over to the rest of the LWK.
#![allow(unsafe_code)]

use virtio_ikc::layout::PROGRAM_END;

use super::context::Context;
use super::{current, entry, privileged};
use crate::process::fault;
use crate::process::signal;
use crate::schedule;
use crate::syscall;

/// The "vector" of [`trap`] when an interrupt arrived while the LWK was running.
pub const PENDING_VECTOR: u64 = 256;

/// A system call. Answers where in the entry code to go on.
pub(super) extern "sysv64" fn system_call(context: *mut Context) -> u64 {
    // SAFETY: the entry code passes the place of the current thread's registers, which nobody else uses now.
    let context = unsafe { &mut *context };
    let thread = current::thread();
    let full = syscall::dispatch::system_call(thread, context);
    let full = signal::deliver::before_return(thread, context) || full;
    way_back(full)
}

/// The way back to the program from the vCPU that this thread is on now.
fn way_back(full: bool) -> u64 {
    let places = entry::places();
    privileged::entry_code(current::vcpu()) + if full { places.return_full } else { places.return_window }
}

/// An exception or interrupt of the program; an exception of the LWK itself is its end. Answers as [`system_call`] does.
pub(super) extern "sysv64" fn trap(context: *mut Context, vector: u64, error: u64, address: u64) -> u64 {
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
        schedule::poll();
        schedule::end_slice();
    }
    signal::deliver::before_return(thread, context);
    way_back(true)
}

//! Where the entry code hands over to the rest of the LWK.
#![allow(unsafe_code)]

use virtio_ikc::layout::PROGRAM_END;

use super::context::Context;
use super::{current, entry, privileged};
use crate::memory::rewrite::cleared as rewrites_cleared;
use crate::process::rewrite::Arrival;
use crate::process::thread::Thread;
use crate::process::{fault, rewrite, signal};
use crate::schedule;
use crate::syscall;

/// The "vector" of [`trap`] when an interrupt arrived while the LWK was running.
pub const PENDING_VECTOR: u64 = 256;
/// What [`quick_call`] answers if the call has to go the long way; no call has this result.
pub const NOT_NOW: u64 = 1 << 63;
/// exit(2), which does not return.
const EXIT: u64 = linux_raw_sys::general::__NR_exit as u64;
/// TF in RFLAGS (Intel SDM vol. 3, 2.3).
const STEP_FLAG: u64 = 1 << 8;

/// A system call. Answers where in the entry code to go on. `tail` is that of the trampoline by which it came, or 0 if it trapped.
pub(super) extern "sysv64" fn system_call(context: *mut Context, tail: u64) -> u64 {
    // SAFETY: the entry code passes the place of the current thread's registers, which nobody else uses now.
    let context = unsafe { &mut *context };
    serve(current::thread(), context, tail)
}

/// A system call that may be quick. Answers its result, or [`NOT_NOW`].
pub(super) extern "sysv64" fn quick_call(context: *const Context) -> u64 {
    // SAFETY: as above; number and arguments have been saved.
    let context = unsafe { &*context };
    syscall::quick::serve(current::thread(), context.rax, context.arguments()).unwrap_or(NOT_NOW)
}

fn serve(thread: &Thread, context: &mut Context, tail: u64) -> u64 {
    let (behind, cleared) = (context.rip, rewrites_cleared());
    if tail == 0 && context.rax == EXIT {
        rewrite::trapped(thread, behind, false);
    }
    let full = syscall::dispatch::system_call(thread, context);
    // With TF set, the next step is behind the program's next instruction, and the LWK must not step on its way there.
    let full = signal::deliver::before_return(thread, context) || full || context.rflags & STEP_FLAG != 0;
    if full || context.rip != behind {
        rewrite::resume(thread, context);
        return way_back(entry::places().return_full);
    }
    if tail != 0 && !rewrite::may_be_gone(thread, cleared) {
        return way_back(entry::places().return_rewritten);
    }
    if tail == 0 && rewrite::trapped(thread, behind, true) {
        // IRETQ lets the processor forget what it has read of the code before (Intel SDM vol. 3, 9.1.3).
        rewrite::resume(thread, context);
        return way_back(entry::places().return_full);
    }
    way_back(entry::places().return_window)
}

/// The way back to the program at `place` of the entry code of the vCPU that this thread is on now.
fn way_back(place: u64) -> u64 {
    privileged::entry_code(current::vcpu()) + place
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
    match rewrite::arrived(thread, context, vector) {
        Arrival::Program => {}
        Arrival::Nothing => return way_back(entry::places().return_full),
        Arrival::Calling { tail } => {
            // Its call is made now; a step into the call (TF) is none behind it, as natively.
            if vector >= 32 {
                crate::statistics::interrupt();
                schedule::poll();
            }
            return serve(thread, context, tail);
        }
    }
    if vector < 32 {
        fault::exception(thread, context, vector, error, address);
    } else {
        crate::statistics::interrupt();
        schedule::poll();
        schedule::end_slice();
    }
    signal::deliver::before_return(thread, context);
    rewrite::resume(thread, context);
    way_back(entry::places().return_full)
}

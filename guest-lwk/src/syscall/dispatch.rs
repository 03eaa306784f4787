//! From a register to a row of the table, to whoever serves it, and back to a register.

use virtio_ikc::boot::flag;
use virtio_ikc::table::{Call, Route, lookup};

use super::first::{self, First};
use super::{local, offload, trace};
use crate::arch::context::Context;
use crate::arch::{boot, time};
use crate::errno::{Errno, SysResult, to_register};
use crate::process::thread::Thread;
use crate::{statistics, verbose};

/// Serves the system call that `context` holds; answers whether every register must be loaded on the way back.
pub fn system_call(thread: &Thread, context: &mut Context) -> bool {
    let is_counted = boot::has(flag::COUNT);
    let began = if is_counted { time::ticks() } else { 0 };
    let number = context.rax;
    let arguments = context.arguments();
    let Some(call) = lookup(number) else {
        return unknown(context, number);
    };
    let (result, offloaded) = serve(thread, context, call, arguments);
    if is_counted {
        statistics::call(call.number, offloaded, time::ticks().wrapping_sub(began));
    }
    crate::schedule::end_slice();
    let Some(result) = result else { return true };
    context.rax = to_register(result);
    if boot::has(flag::TRACE) {
        trace::returned(thread, call, arguments, context.rax, began, offloaded);
    }
    false
}

/// The result (`None` if the call replaced all registers), and whether Linux served it.
fn serve(
    thread: &Thread,
    context: &mut Context,
    call: &'static Call,
    arguments: [u64; 6],
) -> (Option<SysResult>, bool) {
    match call.route {
        Route::Local => (local::serve(thread, context, call, arguments), false),
        Route::Offloaded => (Some(by_linux(thread, call, arguments)), true),
        Route::LocalFirst => match first::look(thread, call, arguments) {
            First::Done(result) => (Some(result), false),
            First::Offload(arguments) => (Some(by_linux(thread, call, arguments)), true),
        },
        Route::Refused(errno) => {
            verbose!("{} is refused: {}", call.name, call.note);
            (Some(Err(Errno(errno))), false)
        }
    }
}

fn by_linux(thread: &Thread, call: &'static Call, arguments: [u64; 6]) -> SysResult {
    thread.spent.in_system(|| offload::serve(thread, call, arguments))
}

fn unknown(context: &mut Context, number: u64) -> bool {
    verbose!("call {number} is not known");
    context.rax = to_register(Err(Errno::ENOSYS));
    false
}

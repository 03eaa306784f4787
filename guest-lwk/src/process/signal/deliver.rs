//! Delivery: what happens to pending signals each time a thread is about to return to its program.

use core::sync::atomic::Ordering;

use linux_raw_sys::general::SS_AUTODISARM;
use lwk_core::signal::{ActionFlags, DefaultAction, Handler, Signal, SignalAction, SignalInfo};

use super::AlternateStack;
use super::frame::{self, FrameContents};
use crate::arch::context::Context;
use crate::arch::fpu;
use crate::errno::Errno;
use crate::process::thread::Thread;
use crate::process::{exit, rseq};
use crate::{schedule, statistics};

/// Results of calls that a signal cut short, as Linux has them inside (include/linux/errno.h); a program never sees them.
pub const RESTART_WITH_FLAG: u16 = 512;
/// Restarted in any case.
pub const RESTART_ALWAYS: u16 = 513;
/// Restarted unless a handler runs.
pub const RESTART_WITHOUT_HANDLER: u16 = 514;
/// As before; the call goes on until its thread's `restart_deadline`.
pub const RESTART_FROM_DEADLINE: u16 = 516;

/// Bytes of a SYSCALL instruction.
const SYSCALL_BYTES: u64 = 2;

/// Handles what is pending. Answers whether a handler is to run, so that every register must be loaded.
pub fn before_return(thread: &Thread, context: &mut Context) -> bool {
    let process = thread.process();
    super::left::follow(thread);
    let deferred = thread.has_deferred.load(Ordering::Relaxed) && thread.has_deferred.swap(false, Ordering::Relaxed);
    if deferred || process.left.has_to_let_go() {
        schedule::poll();
    }
    if thread.is_ending() {
        exit::this_thread();
    }
    if process.stop.is_stopped() {
        super::stop::wait(thread);
        if thread.is_ending() {
            exit::this_thread();
        }
    }
    let handled = !super::nothing_is_pending(thread) && deliver_all(thread, context);
    if !handled {
        restart(context);
    }
    if thread.take_stale_rseq() {
        follow_rseq(thread, context);
    }
    handled
}

/// Acts on what `thread` is to be given, then puts its mask back; answers whether a handler was entered.
fn deliver_all(thread: &Thread, context: &mut Context) -> bool {
    let mut handled = false;
    while let Some(information) = super::take_deliverable(thread) {
        handled |= deliver(thread, context, &information);
    }
    thread.signals.lock().restore_mask();
    handled
}

fn follow_rseq(thread: &Thread, context: &mut Context) {
    if rseq::follow(thread, context).is_err() {
        exit::by_signal(Signal::SEGV);
    }
}

/// Acts on one signal; answers whether a handler was entered.
fn deliver(thread: &Thread, context: &mut Context, information: &SignalInfo) -> bool {
    let signal = information.signal;
    let action = thread.process().signals.lock().action_for_delivery(signal);
    match action.handler {
        Handler::Ignore => false,
        Handler::Default => {
            act_by_default(thread, signal);
            false
        }
        Handler::Address(handler) => {
            enter_handler(thread, context, information, &action, handler);
            true
        }
    }
}

fn act_by_default(thread: &Thread, signal: Signal) {
    match signal.default_action() {
        DefaultAction::Terminate | DefaultAction::CoreDump => exit::by_signal(signal),
        DefaultAction::Stop => stop(thread, signal),
        DefaultAction::Ignore | DefaultAction::Continue => {}
    }
}

/// Stops all threads and the proxy, and with it the job; returns when that goes on.
pub fn stop(thread: &Thread, signal: Signal) {
    super::stop::stop(thread.process());
    super::stop::send(thread.process(), signal.number());
    super::stop::end(thread.process());
}

/// Lets a call that was cut short go on, as no handler runs.
fn restart(context: &mut Context) {
    if restart_code(context).is_some() {
        repeat_call(context);
    }
}

fn restart_code(context: &Context) -> Option<u16> {
    const CODES: [u16; 4] = [RESTART_WITH_FLAG, RESTART_ALWAYS, RESTART_WITHOUT_HANDLER, RESTART_FROM_DEADLINE];
    if context.original_rax == u64::MAX {
        return None;
    }
    u16::try_from(-context.rax.cast_signed()).ok().filter(|code| CODES.contains(code))
}

fn repeat_call(context: &mut Context) {
    context.rax = context.original_rax;
    context.rip -= SYSCALL_BYTES;
    context.original_rax = u64::MAX;
}

fn settle_call(context: &mut Context, action: &SignalAction) {
    let Some(code) = restart_code(context) else { return };
    let has_flag = action.flags.contains(ActionFlags::RESTART);
    if code == RESTART_ALWAYS || code == RESTART_WITH_FLAG && has_flag {
        repeat_call(context);
    } else {
        context.rax = (-i64::from(Errno::EINTR.0)).cast_unsigned();
    }
}

fn enter_handler(
    thread: &Thread,
    context: &mut Context,
    information: &SignalInfo,
    action: &SignalAction,
    handler: u64,
) {
    settle_call(context, action);
    thread.restart_deadline.store(0, Ordering::Relaxed);
    let (alternate, mask, trap) = {
        let mut signals = thread.signals.lock();
        (signals.alternate, signals.mask_to_return_to(), signals.trap)
    };
    let on_alternate =
        action.flags.contains(ActionFlags::ON_STACK) && alternate.is_enabled() && !alternate.holds(context.rsp);
    let contents = FrameContents {
        signal: information.signal,
        information: &information.to_bytes(),
        mask,
        alternate,
        handler,
        restorer: action.restorer,
        stack_top: on_alternate.then(|| alternate.address.wrapping_add(alternate.length)),
        trap,
    };
    let pushed = action.flags.contains(ActionFlags::RESTORER)
        && frame::push(&mut thread.process().space.lock(), context, &contents).is_ok();
    if !pushed {
        exit::by_signal(Signal::SEGV);
    }
    // A handler begins as a program does, whatever the interrupted code had set.
    fpu::load_initial();
    let mut signals = thread.signals.lock();
    if on_alternate && alternate.flags & SS_AUTODISARM != 0 {
        signals.alternate = AlternateStack::DISABLED;
    }
    signals.mask = action.mask_in_handler(information.signal, signals.mask);
    statistics::signal();
}

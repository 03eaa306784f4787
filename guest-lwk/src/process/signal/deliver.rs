//! Delivery: what happens to pending signals each time a thread is about to return to its program.

use linux_raw_sys::general::SS_AUTODISARM;
use lwk_core::signal::{ActionFlags, DefaultAction, Handler, Signal, SignalAction, SignalInfo};
use virtio_ikc::message::Operation;

use super::AlternateStack;
use super::frame::{self, FrameContents};
use crate::arch::context::Context;
use crate::errno::Errno;
use crate::ikc::request::{self, Draft};
use crate::process::exit;
use crate::process::thread::Thread;
use crate::statistics;

/// Results of calls that a signal cut short, as Linux has them inside (include/linux/errno.h); a program never sees them.
pub const RESTART_WITH_FLAG: u16 = 512;
/// Restarted unless a handler runs.
pub const RESTART_WITHOUT_HANDLER: u16 = 514;

/// Bytes of a SYSCALL instruction.
const SYSCALL_BYTES: u64 = 2;

/// Handles what is pending. Answers whether a handler is to run, so that every register must be loaded.
pub fn before_return(thread: &Thread, context: &mut Context) -> bool {
    let mut handled = false;
    while let Some(information) = super::take_deliverable(thread) {
        handled |= deliver(thread, context, &information);
    }
    if !handled {
        restart(context);
    }
    thread.signals.lock().restore_mask();
    handled
}

/// Acts on one signal; answers whether a handler was entered.
fn deliver(thread: &Thread, context: &mut Context, information: &SignalInfo) -> bool {
    let signal = information.signal;
    let action = thread.process().signals.lock().action_for_delivery(signal);
    match action.handler {
        Handler::Ignore => false,
        Handler::Default => {
            act_by_default(signal);
            false
        }
        Handler::Address(handler) => {
            enter_handler(thread, context, information, &action, handler);
            true
        }
    }
}

fn act_by_default(signal: Signal) {
    match signal.default_action() {
        DefaultAction::Terminate | DefaultAction::CoreDump => exit::by_signal(signal),
        DefaultAction::Stop => stop(signal),
        DefaultAction::Ignore | DefaultAction::Continue => {}
    }
}

/// Stops the proxy, and with it the job; returns when that goes on.
fn stop(signal: Signal) {
    let mut draft = Draft::operation(Operation::STOP);
    draft.arguments([u64::from(signal.number()), 0, 0, 0, 0, 0]);
    request::send(draft);
}

/// Lets a call that was cut short go on, as no handler runs.
fn restart(context: &mut Context) {
    let Some(code) = restart_code(context) else { return };
    if code == RESTART_WITH_FLAG || code == RESTART_WITHOUT_HANDLER {
        repeat_call(context);
    }
}

fn restart_code(context: &Context) -> Option<u16> {
    if context.original_rax == u64::MAX {
        return None;
    }
    u16::try_from(-context.rax.cast_signed()).ok().filter(|code| (512..=516).contains(code))
}

fn repeat_call(context: &mut Context) {
    context.rax = context.original_rax;
    context.rip -= SYSCALL_BYTES;
    context.original_rax = u64::MAX;
}

fn settle_call(context: &mut Context, action: &SignalAction) {
    let Some(code) = restart_code(context) else { return };
    if code == RESTART_WITH_FLAG && action.flags.contains(ActionFlags::RESTART) {
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
    let mut signals = thread.signals.lock();
    let alternate = signals.alternate;
    let on_alternate =
        action.flags.contains(ActionFlags::ON_STACK) && alternate.is_enabled() && !alternate.holds(context.rsp);
    let contents = FrameContents {
        signal: information.signal,
        information: &information.to_bytes(),
        mask: signals.mask_to_return_to(),
        alternate,
        handler,
        restorer: action.restorer,
        stack_top: on_alternate.then(|| alternate.address.wrapping_add(alternate.length)),
        trap: signals.trap,
    };
    let pushed = action.flags.contains(ActionFlags::RESTORER)
        && frame::push(&mut thread.process().space.lock(), context, &contents).is_ok();
    if !pushed {
        drop(signals);
        exit::by_signal(Signal::SEGV);
    }
    if on_alternate && alternate.flags & SS_AUTODISARM != 0 {
        signals.alternate = AlternateStack::DISABLED;
    }
    signals.mask = action.mask_in_handler(information.signal, signals.mask);
    statistics::signal();
}

//! Signals whose actions Linux must know: SIGCHLD, because Linux has the children (sigaction(2), `SA_NOCLDSTOP` and `SA_NOCLDWAIT`),
//! and those of the terminal, which a job in the background is not sent if it ignores them.

use core::sync::atomic::Ordering;

use lwk_core::signal::{ActionFlags, Handler, Signal, SignalAction, SignalActions};
use virtio_ikc::message::{CLOSED_TTIN, CLOSED_TTOU, Operation};

use crate::ikc::request::{self, Draft};
use crate::process::process::Process;

/// What of an action concerns Linux.
fn concern(action: &SignalAction) -> [u64; 2] {
    let flags = ActionFlags::NO_CHILD_STOP | ActionFlags::NO_CHILD_WAIT;
    [u64::from(action.handler == Handler::Ignore), (action.flags & flags).bits()]
}

/// Takes note of what `process` ignores now.
pub fn follow_terminal_signals(process: &Process, actions: &SignalActions) {
    let ignored = |signal, bit| if actions.get(signal).handler == Handler::Ignore { bit } else { 0 };
    let closed = ignored(Signal::TTIN, CLOSED_TTIN) | ignored(Signal::TTOU, CLOSED_TTOU);
    process.ignored_terminal_signals.store(closed, Ordering::Relaxed);
}

/// Tells the proxy that the action for SIGCHLD is `new` and no longer `old`.
pub fn follow(old: &SignalAction, new: &SignalAction) {
    let [ignored, flags] = concern(new);
    if concern(old) == [ignored, flags] {
        return;
    }
    let mut draft = Draft::operation(Operation::CHILD_SIGNAL);
    draft.arguments([ignored, flags, 0, 0, 0, 0]);
    request::send(draft);
}

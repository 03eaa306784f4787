//! Signals that the program reads from descriptors (signalfd(2)): they stay pending in Linux.

use virtio_ikc::message::Operation;

use super::{Answer, Executor, Refusal};
use crate::arch::{SignalInfo, SignalSet, pending_signals};
use crate::request::{Parsed, Violation};

/// `LEAVE_SIGNALS`.
pub(super) fn leave(executor: &Executor, request: &Parsed<'_>) -> Answer {
    executor.proxy.leave(SignalSet(request.arguments[0]));
    Answer { values: [pending_signals().0, 0, 0, 0], ..Answer::default() }
}

/// `RETURN_SIGNAL`.
pub(super) fn give_back(executor: &mut Executor, request: &Parsed<'_>) -> Result<Answer, Refusal> {
    let malformed = Violation::Malformed(Operation::RETURN_SIGNAL.0);
    let [buffer] = request.buffers() else { return Err(malformed.into()) };
    if buffer.accessible != SignalInfo::BYTES as u64 {
        return Err(malformed.into());
    }
    let mut bytes = [0; SignalInfo::BYTES];
    executor.copy_in(request, buffer, &mut bytes)?;
    executor.proxy.left.give_back(executor.proxy, SignalInfo::from_bytes(&bytes));
    Ok(Answer::default())
}

//! Interrupting a request that waits.

use virtio_ikc::message::Operation;

use super::{Answer, Executor, Refusal};
use crate::request::{Parsed, Violation};

/// `INTERRUPT`: 0 if the request was running and will be answered at once, `-ESRCH` if it is done, `-EAGAIN` if it may
/// be that nobody has taken it yet.
pub(super) fn execute(executor: &mut Executor, request: &Parsed<'_>) -> Result<Answer, Refusal> {
    let [sequence, queue, ..] = request.arguments;
    let queue = u16::try_from(queue).map_err(|_| Violation::Malformed(Operation::INTERRUPT.0))?;
    // Looking takes the queue's lock: whoever has taken the request before has said so before.
    let queues = executor.proxy.queues.get();
    let waiting =
        queues.is_some_and(|queues| queues.requests.iter().any(|other| other.index == queue && other.has_waiting()));
    if executor.proxy.crew.interrupt(executor.proxy.process, queue, sequence) {
        return Ok(Answer::default());
    }
    Err(Refusal::Errno(if waiting { libc::EAGAIN } else { libc::ESRCH }))
}

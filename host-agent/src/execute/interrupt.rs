//! Interrupting a request that waits.

use virtio_ikc::message::Operation;

use super::{Answer, Executor};
use crate::request::{Parsed, Violation};

/// `INTERRUPT`: the named request ends soon if it has not ended. Its own answer says which came first.
pub(super) fn execute(executor: &mut Executor, request: &Parsed<'_>) -> Result<Answer, Violation> {
    let malformed = Violation::Malformed(Operation::INTERRUPT.0);
    let [sequence, index, ..] = request.arguments;
    let index = u16::try_from(index).map_err(|_| malformed)?;
    let proxy = executor.proxy;
    let queue = proxy.queues.get().and_then(|queues| queues.request_queue(index)).ok_or(malformed)?;
    queue.interrupt(sequence, || proxy.crew.interrupt(proxy.process, index, sequence));
    Ok(Answer::default())
}

//! Interrupting a request that waits.

use super::{Answer, Executor};
use crate::request::Parsed;

/// `INTERRUPT`: the named request ends soon if it has not ended. Its own answer says which came first.
pub(super) fn execute(executor: &Executor, request: &Parsed<'_>) -> Answer {
    let [sequence, ..] = request.arguments;
    let proxy = executor.proxy;
    if let Some(queues) = proxy.queues.get() {
        queues.requests.interrupt(sequence, || proxy.crew.interrupt(proxy.process, sequence));
    }
    Answer::default()
}

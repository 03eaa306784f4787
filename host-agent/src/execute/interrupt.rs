//! Interrupting a request that waits.

use super::{Answer, Executor, Refusal};
use crate::request::{Parsed, Violation};

/// `INTERRUPT`: 0 if the request was running and will be answered at once, `-ESRCH` if it was not: it is done already,
/// or nobody has taken it yet.
pub(super) fn execute(executor: &mut Executor, request: &Parsed<'_>) -> Result<Answer, Refusal> {
    let [sequence, queue, ..] = request.arguments;
    let queue = u16::try_from(queue).map_err(|_| Violation::Malformed(2))?;
    if executor.proxy.crew.interrupt(executor.proxy.process, queue, sequence) {
        return Ok(Answer::default());
    }
    Err(Refusal::Errno(libc::ESRCH))
}

//! `--trace`: one line for each finished call.

use virtio_ikc::message::{Operation, TraceRecord};

use super::{Answer, Executor, Refusal};
use crate::memory::record_of_bytes;
use crate::request::{Parsed, Violation};

/// `TRACE`.
pub(super) fn execute(executor: &mut Executor, request: &Parsed<'_>) -> Result<Answer, Refusal> {
    let [buffer] = request.buffers() else { return Err(Violation::Malformed(Operation::TRACE.0).into()) };
    if buffer.accessible != size_of::<TraceRecord>() as u64 {
        return Err(Violation::Malformed(Operation::TRACE.0).into());
    }
    let mut bytes = [0; size_of::<TraceRecord>()];
    executor.copy_in(request, buffer, &mut bytes)?;
    let Some(file) = &executor.proxy.trace else { return Ok(Answer::default()) };
    let mut line = crate::trace::format(&record_of_bytes(&bytes));
    line.push('\n');
    // One write, so that lines of several workers do not mix. A full disk must not end the program.
    let _ = rustix::io::write(file, line.as_bytes());
    Ok(Answer::default())
}

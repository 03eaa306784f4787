//! Job control: the program stops by stopping its proxy. The agent sees it and tells the VMM.

use super::{Answer, Refusal};
use crate::arch::{Argument, call};
use crate::request::Parsed;

/// `STOP`. Answered when somebody has continued the proxy.
pub(super) fn execute(_request: &Parsed<'_>) -> Result<Answer, Refusal> {
    let process = Argument::number(std::process::id().into());
    let stop = Argument::number(u64::from(libc::SIGSTOP.cast_unsigned()));
    let result = call(libc::SYS_kill as u32, [process, stop, Argument::NULL, Argument::NULL, Argument::NULL, Argument::NULL]);
    Ok(result.into())
}

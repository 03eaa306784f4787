//! Job control: the program stops by stopping its proxy. The agent sees it and tells the VMM.

use super::Answer;
use crate::arch::{Argument, call};

/// `STOP`. Answered when somebody has continued the proxy.
pub(super) fn execute() -> Answer {
    let process = Argument::number(std::process::id().into());
    let stop = Argument::number(u64::from(libc::SIGSTOP.cast_unsigned()));
    let result = call(libc::SYS_kill, [process, stop, Argument::NULL, Argument::NULL, Argument::NULL, Argument::NULL]);
    result.into()
}

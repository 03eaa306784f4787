//! The end: the proxy ends as the program did, so that whoever waits for it sees the true status.

use super::{Answer, Refusal};
use crate::arch::raise_default;
use crate::int::int;
use crate::request::Parsed;

/// `EXIT`. Does not return.
pub(super) fn execute(request: &Parsed<'_>) -> Result<Answer, Refusal> {
    let [code, signal, ..] = request.arguments;
    let signal = u32::try_from(signal).unwrap_or(0);
    if signal != 0 {
        // What the program left in memory is in the partition; a core file would show the proxy.
        let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
        let _ = rustix::process::setrlimit(rustix::process::Resource::Core, none);
        raise_default(signal);
    }
    let code = if signal == 0 { int(code) } else { 128 + signal.cast_signed() };
    crate::arch::end_process(code)
}

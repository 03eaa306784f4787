//! The end: the proxy ends as the program did, so that whoever waits for it sees the true status.

use std::sync::atomic::Ordering;

use virtio_ikc::message::Operation;

use super::{Answer, Executor};
use crate::arch::raise_default;
use crate::int::int;
use crate::memory::private_bytes;
use crate::proxy::finish_introductions;
use crate::request::{Parsed, Violation};

/// The highest signal (signal(7)).
pub(super) const LAST_SIGNAL: u32 = 64;

/// `EXIT`. Does not return.
pub(super) fn execute(executor: &Executor, request: &Parsed<'_>) -> Result<Answer, Violation> {
    let [code, signal, ..] = request.arguments;
    let signal = u32::try_from(signal).ok().filter(|signal| *signal <= LAST_SIGNAL);
    let signal = signal.ok_or(Violation::Malformed(Operation::EXIT.0))?;
    finish_introductions();
    let proxy = executor.proxy;
    if proxy.is_first() {
        proxy.wires.roster.counters.proxy_at_end.store(private_bytes(), Ordering::Relaxed);
    }
    if signal != 0 {
        // What the program left in memory is in the partition; a core file would show the proxy.
        let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
        let _ = rustix::process::setrlimit(rustix::process::Resource::Core, none);
        raise_default(signal);
    }
    let code = if signal == 0 { int(code) } else { 128 + signal.cast_signed() };
    crate::arch::end_process(code)
}

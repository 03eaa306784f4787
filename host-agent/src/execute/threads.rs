//! The program's threads: each has a tid of Linux's, and so a thread there that does nothing else.

use virtio_ikc::message::Operation;

use super::{Afterwards, Answer, Executor, Refusal, executable};
use crate::request::{Parsed, Violation};

/// `THREAD_START`.
pub(super) fn start(executor: &mut Executor) -> Result<Answer, Refusal> {
    let proxy = executor.proxy;
    let thread = proxy.stand_ins.start(proxy, executor.credentials)?;
    executor.afterwards = proxy.stand_ins.are_few().then_some(Afterwards::Refill);
    Ok(Answer::from(i64::from(thread)))
}

/// `THREAD_END`.
pub(super) fn end(executor: &Executor, request: &Parsed<'_>) -> Result<Answer, Violation> {
    let proxy = executor.proxy;
    let thread = u32::try_from(request.arguments[0]).ok();
    let ended = thread.is_some_and(|thread| proxy.stand_ins.end(proxy, thread));
    if ended { Ok(Answer::default()) } else { Err(Violation::Malformed(Operation::THREAD_END.0)) }
}

/// `THREAD_NAME`.
pub(super) fn rename(executor: &mut Executor, request: &Parsed<'_>) -> Result<Answer, Refusal> {
    let name = executable::text(executor, request, Operation::THREAD_NAME)?;
    let proxy = executor.proxy;
    let thread = u32::try_from(request.arguments[0]).ok().filter(|thread| proxy.has_thread(*thread));
    let thread = thread.ok_or(Violation::Malformed(Operation::THREAD_NAME.0))?;
    let _brief = proxy.briefly();
    std::fs::write(format!("/proc/self/task/{thread}/comm"), name.as_bytes())?;
    proxy.name.forget();
    proxy.stand_ins.has_name(proxy.process, thread);
    Ok(Answer::default())
}

//! Waiting for signals: pause(2), sigsuspend(2), sigtimedwait(2).

use lwk_core::signal::{SignalInfo, SignalSet};

use super::left;
use crate::arch::time::{self, Clock};
use crate::errno::{Errno, SysResult};
use crate::process::thread::Thread;
use crate::schedule;

/// Waits until a signal can be delivered to `thread`.
pub fn until_deliverable(thread: &Thread) {
    wait(None, || thread.has_deliverable_signal().then_some(()));
}

/// Takes a signal of `wanted` that waits, or waits for one until `deadline` (`CLOCK_MONOTONIC`, nanoseconds). EAGAIN when
/// that passes, EINTR when another signal comes.
pub fn take(thread: &Thread, wanted: SignalSet, deadline: Option<u64>) -> Result<SignalInfo, Errno> {
    thread.signals.lock().waiting_for = wanted;
    left::follow(thread);
    let taken = wait(deadline, || {
        if let Some(information) = take_waiting(thread, wanted) {
            return Some(Ok(information));
        }
        thread.has_deliverable_signal().then_some(Err(Errno::EINTR))
    });
    thread.signals.lock().waiting_for = SignalSet::EMPTY;
    taken.unwrap_or(Err(Errno::EAGAIN))
}

fn take_waiting(thread: &Thread, wanted: SignalSet) -> Option<SignalInfo> {
    let taken = {
        let mut own = thread.signals.lock();
        let mut shared = thread.process().signals.lock();
        let blocked = !wanted;
        own.pending.pop(blocked).or_else(|| shared.pending.pop(blocked))
    };
    super::settle(thread, taken?)
}

/// Parks until `ready` answers or `deadline` passes.
pub fn wait<T>(deadline: Option<u64>, mut ready: impl FnMut() -> Option<T>) -> Option<T> {
    loop {
        schedule::poll();
        let answer = ready();
        if answer.is_some() {
            return answer;
        }
        if deadline.is_some_and(|deadline| time::now(Clock::Monotonic) >= deadline) {
            return None;
        }
        schedule::park(deadline);
    }
}

/// Sleeps until `deadline` (`CLOCK_MONOTONIC`, nanoseconds). EINTR if a signal for `thread` comes before.
pub fn sleep(thread: &Thread, deadline: u64) -> SysResult {
    match wait(Some(deadline), || thread.has_deliverable_signal().then_some(())) {
        Some(()) => Err(Errno::EINTR),
        None => Ok(0),
    }
}

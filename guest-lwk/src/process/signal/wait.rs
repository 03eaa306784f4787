//! Waiting for signals: pause(2), sigsuspend(2), sigtimedwait(2).

use lwk_core::signal::{SignalInfo, SignalSet};

use super::has_deliverable;
use crate::arch::privileged;
use crate::arch::time::{self, Clock};
use crate::errno::{Errno, SysResult};
use crate::ikc::events;
use crate::process::thread::Thread;
use crate::statistics;

/// Waits until a signal can be delivered to `thread`.
pub fn until_deliverable(thread: &Thread) {
    wait(None, || has_deliverable(thread).then_some(()));
}

/// Takes a signal of `wanted` that waits, or waits for one until `deadline` (`CLOCK_MONOTONIC`, nanoseconds). EAGAIN when
/// that passes, EINTR when another signal comes.
pub fn take(thread: &Thread, wanted: SignalSet, deadline: Option<u64>) -> Result<SignalInfo, Errno> {
    let taken = wait(deadline, || {
        if let Some(information) = take_waiting(thread, wanted) {
            return Some(Ok(information));
        }
        has_deliverable(thread).then_some(Err(Errno::EINTR))
    });
    taken.unwrap_or(Err(Errno::EAGAIN))
}

fn take_waiting(thread: &Thread, wanted: SignalSet) -> Option<SignalInfo> {
    let mut own = thread.signals.lock();
    let mut shared = thread.process().signals.lock();
    let blocked = !wanted;
    own.pending.pop(blocked).or_else(|| shared.pending.pop(blocked))
}

/// Halts until `ready` answers or `deadline` passes.
fn wait<T>(deadline: Option<u64>, mut ready: impl FnMut() -> Option<T>) -> Option<T> {
    loop {
        privileged::take_pending();
        events::poll();
        let answer = ready();
        if answer.is_some() {
            return answer;
        }
        if let Some(deadline) = deadline {
            if time::now(Clock::Monotonic) >= deadline {
                return None;
            }
            privileged::set_timer(time::deadline_ticks(deadline));
        }
        statistics::halt();
        privileged::halt();
    }
}

/// Sleeps until `deadline` (`CLOCK_MONOTONIC`, nanoseconds). EINTR if a signal for `thread` comes before.
pub fn sleep(thread: &Thread, deadline: u64) -> SysResult {
    match wait(Some(deadline), || has_deliverable(thread).then_some(())) {
        Some(()) => Err(Errno::EINTR),
        None => Ok(0),
    }
}

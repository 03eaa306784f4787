//! Timers of processor time. They can only expire while a thread that uses it runs, so its vCPU looks after them: its timer is
//! armed for the earliest moment at which one of them may expire, and what really has is found then.

use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering};

use spin::Mutex;

use super::Timer;
use crate::arch::boot;
use crate::process::thread::Thread;

/// No timer.
const NEVER: u64 = u64::MAX;
/// The least time between two looks, in nanoseconds: closer than this nobody can tell when a timer expires.
const SHORTEST_LOOK: u64 = 50_000;

/// The armed timers that count the processor time of one process or thread.
pub struct ProcessorTimers {
    timers: Mutex<Vec<(u64, Weak<Timer>)>>,
    earliest: AtomicU64,
}

impl ProcessorTimers {
    /// None.
    pub const fn new() -> Self {
        Self { timers: Mutex::new(Vec::new()), earliest: AtomicU64::new(NEVER) }
    }

    /// Adds one that expires at `deadline`, in nanoseconds of processor time.
    pub fn add(&self, deadline: u64, timer: &Arc<Timer>) {
        self.change(|timers| timers.push((deadline, Arc::downgrade(timer))));
    }

    /// Takes one away.
    pub fn remove(&self, timer: &Timer) {
        self.change(|timers| timers.retain(|(_, other)| !core::ptr::eq(other.as_ptr(), timer)));
    }

    /// Takes those that expire up to `now`.
    fn take(&self, now: u64) -> Vec<Arc<Timer>> {
        if self.earliest() > now {
            return Vec::new();
        }
        let mut taken = Vec::new();
        self.change(|timers| {
            timers.retain(|(deadline, timer)| {
                let stays = *deadline > now;
                if !stays {
                    taken.extend(timer.upgrade());
                }
                stays
            });
        });
        taken
    }

    fn change(&self, action: impl FnOnce(&mut Vec<(u64, Weak<Timer>)>)) {
        let mut timers = self.timers.lock();
        action(&mut timers);
        let earliest = timers.iter().map(|(deadline, _)| *deadline).min().unwrap_or(NEVER);
        self.earliest.store(earliest, Ordering::SeqCst);
    }

    fn earliest(&self) -> u64 {
        self.earliest.load(Ordering::SeqCst)
    }
}

/// In how many nanoseconds the vCPU that runs `thread` must look again, if it must at all.
pub fn next_look(thread: &Thread) -> Option<u64> {
    let process = thread.process();
    let own = thread.processor_timers.earliest();
    let (shared, user) = (process.processor_timers.earliest(), process.user_timers.earliest());
    if own == NEVER && shared == NEVER && user == NEVER {
        return None;
    }
    let mut rest = own.saturating_sub(thread.spent.processor_time());
    if shared != NEVER || user != NEVER {
        let account = process.account();
        // As many threads as there are vCPUs may use up what is left.
        let users = (process.threads.lock().len() as u64).clamp(1, u64::from(boot::page().vcpu_count));
        let left = shared.saturating_sub(account.processor_time()).min(user.saturating_sub(account.user));
        rest = rest.min(left / users);
    }
    Some(rest.max(SHORTEST_LOOK))
}

/// Lets the timers expire whose time has come. The caller holds no lock.
pub fn look(thread: &Thread) {
    let process = thread.process();
    let mut due = thread.processor_timers.take(thread.spent.processor_time());
    let account = process.account();
    due.extend(process.processor_timers.take(account.processor_time()));
    due.extend(process.user_timers.take(account.user));
    due.iter().for_each(Timer::expire);
}

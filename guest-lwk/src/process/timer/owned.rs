//! The timers of a process.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use lwk_core::signal::Signal;
use spin::Mutex;

use super::posix::Event;
use super::timer::Kind;
use super::{Interval, Setting, Timer, TimerClock};
use crate::errno::Errno;
use crate::process::process::{Limit, Process};

const SECOND: u64 = 1_000_000_000;
/// POSIX timers of a process at most (as many as signals may wait for it).
const MOST: usize = 4096;

/// The timers of a process. A child begins without (fork(2)).
#[derive(Default)]
pub struct ProcessTimers {
    posix: Mutex<Posix>,
    intervals: [Mutex<Option<Arc<Timer>>>; 3],
    limit: Mutex<Option<Arc<Timer>>>,
}

#[derive(Default)]
struct Posix {
    next: u32,
    timers: BTreeMap<u32, Arc<Timer>>,
}

impl ProcessTimers {
    /// An id for a new timer. EAGAIN if there are too many.
    pub fn reserve(&self) -> Result<u32, Errno> {
        let mut posix = self.posix.lock();
        if posix.timers.len() >= MOST {
            return Err(Errno::EAGAIN);
        }
        let id = posix.next;
        posix.next = id.wrapping_add(1) & 0x7fff_ffff;
        Ok(id)
    }

    /// Makes the timer whose id `event` has.
    pub fn create(&self, clock: TimerClock, event: Event) {
        let id = event.id;
        self.posix.lock().timers.insert(id, Timer::new(clock, Kind::Posix(event)));
    }

    /// The timer with this id. EINVAL if there is none.
    pub fn find(&self, id: u32) -> Result<Arc<Timer>, Errno> {
        self.posix.lock().timers.get(&id).cloned().ok_or(Errno::EINVAL)
    }

    /// Deletes a timer (timer_delete(2)).
    pub fn delete(&self, id: u32) -> Result<(), Errno> {
        let deleted = self.posix.lock().timers.remove(&id).ok_or(Errno::EINVAL)?;
        deleted.retire();
        Ok(())
    }

    /// Deletes all POSIX timers (execve(2)).
    pub fn delete_all(&self) {
        let timers = core::mem::take(&mut self.posix.lock().timers);
        timers.values().for_each(Timer::retire);
    }

    /// An interval timer, if it was ever set.
    pub fn interval(&self, which: Interval) -> Option<Arc<Timer>> {
        self.intervals[which as usize].lock().clone()
    }

    /// An interval timer of `process`, whose timers these are.
    pub fn interval_of(&self, process: &Arc<Process>, which: Interval) -> Arc<Timer> {
        Arc::clone(self.intervals[which as usize].lock().get_or_insert_with(|| which.make(process)))
    }

    /// `process`, whose timers these are, may use `soft` seconds of processor time, then gets a signal every second, and ends after
    /// `hard` seconds (`RLIMIT_CPU` of getrlimit(2)).
    pub fn limit(&self, process: &Arc<Process>, (soft, hard): Limit) {
        let nanoseconds = |seconds: u64| seconds.max(1).saturating_mul(SECOND);
        let timer = Timer::new(
            TimerClock::Process(Arc::downgrade(process)),
            Kind::Limit(Arc::downgrade(process), nanoseconds(hard)),
        );
        let old = self.limit.lock().replace(Arc::clone(&timer));
        if let Some(old) = old {
            old.retire();
        }
        if soft != u64::MAX || hard != u64::MAX {
            timer.set(Setting { value: nanoseconds(soft.min(hard)), interval: SECOND, absolute: true });
        }
    }

    /// Signals of this kind have been dropped from the pending ones: timers that wait for theirs to be taken go on.
    pub fn signal_dropped(&self, signal: Signal) {
        let timers: Vec<Arc<Timer>> = self.posix.lock().timers.values().cloned().collect();
        for timer in &timers {
            timer.go_on(signal);
        }
    }

    /// The process ends.
    pub fn end(&self) {
        self.delete_all();
        for slot in self.intervals.iter().chain([&self.limit]) {
            let timer = slot.lock().take();
            if let Some(timer) = timer {
                timer.retire();
            }
        }
    }
}

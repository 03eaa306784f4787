//! Sleepers, timers and slices on the vCPU's one timer.

use alloc::sync::{Arc, Weak};
use core::sync::atomic::{AtomicU64, Ordering};

use super::vcpu::{self, Vcpu};
use crate::arch::time::{self, Clock};
use crate::arch::{current, privileged};
use crate::process::thread::Thread;
use crate::process::timer::{self as timers, Timer};

/// No alarm.
const NEVER: u64 = u64::MAX;

static NEXT: AtomicU64 = AtomicU64::new(0);

/// Somebody who sleeps until a time: on which vCPU's list, and where in it.
pub struct Sleeper {
    vcpu: usize,
    key: (u64, u64),
}

/// What sleeps.
pub enum Sleeping {
    /// A thread, which is unparked.
    Thread(Arc<Thread>),
    /// A program's timer, which expires.
    Timer(Weak<Timer>),
}

/// What has come up and can only be done by whoever holds no lock.
pub enum Due {
    /// A timer expires.
    Timer(Arc<Timer>),
    /// The timers that count this thread's processor time are to be looked at.
    Processor(Arc<Thread>),
}

impl Due {
    /// Does it.
    pub fn act(self) {
        match self {
            Self::Timer(timer) => timer.expire(),
            Self::Processor(thread) => {
                timers::look(&thread);
                arm();
            }
        }
    }
}

/// Lets `sleeping` be woken when `CLOCK_MONOTONIC` shows `deadline`.
pub fn add(deadline: u64, sleeping: Sleeping) -> Sleeper {
    let vcpu = vcpu::this();
    let key = (deadline, NEXT.fetch_add(1, Ordering::Relaxed));
    vcpu.sleepers.lock().insert(key, sleeping);
    arm();
    Sleeper { vcpu: vcpu.index, key }
}

/// Takes a sleeper off the list, whether or not its time has come.
pub fn remove(sleeper: &Sleeper) {
    vcpu::all()[sleeper.vcpu].sleepers.lock().remove(&sleeper.key);
}

/// Sets this vCPU's timer to what comes first.
pub fn arm() {
    let vcpu = vcpu::this();
    let first = vcpu.sleepers.lock().keys().next().map(|key| key.0);
    let mut at = first.map_or(NEVER, time::deadline_ticks);
    // A slice that is over ends when its thread is next on the way to its program.
    let slice = vcpu.slice_end();
    if vcpu.others_wait() && slice > time::ticks() && current::try_thread().is_some() {
        at = at.min(slice);
    }
    if let Some(rest) = current::try_thread().and_then(timers::next_look) {
        at = at.min(time::deadline_ticks(time::now(Clock::Monotonic).saturating_add(rest)));
    }
    let old = vcpu.alarm.load(Ordering::Relaxed);
    // An alarm that comes too early does no harm, and setting it costs more than taking it.
    if at < old {
        vcpu.alarm.store(at, Ordering::Relaxed);
        if !vcpu.has_timer.swap(true, Ordering::Relaxed) {
            privileged::prepare_timer();
        }
        privileged::set_timer(at);
    }
}

/// Whether the alarm's time has come.
pub fn is_due(vcpu: &Vcpu) -> bool {
    time::ticks() >= vcpu.alarm.load(Ordering::Relaxed)
}

/// Wakes those whose time has come, if any.
pub fn expire(vcpu: &Vcpu) {
    if !is_due(vcpu) {
        return;
    }
    vcpu.alarm.store(NEVER, Ordering::Relaxed);
    let now = time::now(Clock::Monotonic);
    while let Some(sleeping) = take_due(vcpu, now) {
        match sleeping {
            Sleeping::Thread(thread) => super::unpark(&thread),
            Sleeping::Timer(timer) => vcpu.due.lock().extend(timer.upgrade().map(Due::Timer)),
        }
    }
    if let Some(thread) = current::try_thread().filter(|thread| timers::next_look(thread).is_some()) {
        vcpu.due.lock().push(Due::Processor(thread.arc()));
    }
    arm();
}

fn take_due(vcpu: &Vcpu, now: u64) -> Option<Sleeping> {
    let mut sleepers = vcpu.sleepers.lock();
    let first = sleepers.first_entry().filter(|first| first.key().0 <= now)?;
    Some(first.remove())
}

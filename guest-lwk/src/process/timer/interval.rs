//! The three interval timers of a process (setitimer(2)).

use alloc::sync::{Arc, Weak};

use linux_raw_sys::general as abi;
use lwk_core::signal::Signal;

use super::timer::Kind;
use super::{Timer, TimerClock};
use crate::arch::time::Clock;
use crate::process::process::Process;

/// Which one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Interval {
    /// `ITIMER_REAL`.
    Real,
    /// `ITIMER_VIRTUAL`.
    Virtual,
    /// `ITIMER_PROF`.
    Profiling,
}

impl Interval {
    /// The timer that `which` names.
    pub fn named(which: u32) -> Option<Self> {
        match which {
            abi::ITIMER_REAL => Some(Self::Real),
            abi::ITIMER_VIRTUAL => Some(Self::Virtual),
            abi::ITIMER_PROF => Some(Self::Profiling),
            _ => None,
        }
    }

    /// A timer of this kind for `process`.
    pub(super) fn make(self, process: &Arc<Process>) -> Arc<Timer> {
        let owner: Weak<Process> = Arc::downgrade(process);
        let (clock, signal) = match self {
            Self::Real => (TimerClock::Real(Clock::Monotonic), Signal::ALRM),
            Self::Virtual => (TimerClock::User(owner.clone()), Signal::VTALRM),
            Self::Profiling => (TimerClock::Process(owner.clone()), Signal::PROF),
        };
        Timer::new(clock, Kind::Interval(owner, signal))
    }
}

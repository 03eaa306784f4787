//! The clocks that timers count by.

use alloc::sync::{Arc, Weak};

use linux_raw_sys::general as abi;

use crate::arch::time::{self, Clock};
use crate::errno::Errno;
use crate::process::process::Process;
use crate::process::table;
use crate::process::thread::Thread;

/// Bits of a clock's id that is made of a pid or tid (clock_getcpuclockid(3)).
const OF_A_THREAD: u32 = 4;
const KIND: u32 = 3;
/// The kind of ids that are made of descriptors.
const OF_A_DESCRIPTOR: u32 = 3;

/// What a timer counts.
#[derive(Clone)]
pub enum TimerClock {
    /// Real time.
    Real(Clock),
    /// Processor time of a process.
    Process(Weak<Process>),
    /// What its program uses of it.
    User(Weak<Process>),
    /// Processor time of a thread.
    Thread(Weak<Thread>),
}

impl TimerClock {
    /// Clock `id`, as `thread` names it. EINVAL if there is none, EOPNOTSUPP if it has no timers.
    pub fn named(thread: &Thread, id: u32) -> Result<Self, Errno> {
        match id {
            abi::CLOCK_REALTIME => Ok(Self::Real(Clock::Realtime)),
            abi::CLOCK_MONOTONIC => Ok(Self::Real(Clock::Monotonic)),
            abi::CLOCK_BOOTTIME => Ok(Self::Real(Clock::Boottime)),
            abi::CLOCK_TAI => Ok(Self::Real(Clock::Tai)),
            abi::CLOCK_PROCESS_CPUTIME_ID => Ok(Self::Process(Arc::downgrade(thread.process()))),
            abi::CLOCK_THREAD_CPUTIME_ID => Ok(Self::Thread(Arc::downgrade(&thread.arc()))),
            abi::CLOCK_MONOTONIC_RAW | abi::CLOCK_REALTIME_COARSE | abi::CLOCK_MONOTONIC_COARSE => {
                Err(Errno::EOPNOTSUPP)
            }
            // They would wake the machine, which is not a job's to do.
            abi::CLOCK_REALTIME_ALARM | abi::CLOCK_BOOTTIME_ALARM => Err(Errno::EPERM),
            id if id.cast_signed() < 0 => Self::of_a_processor(thread, id),
            _ => Err(Errno::EINVAL),
        }
    }

    fn of_a_processor(thread: &Thread, id: u32) -> Result<Self, Errno> {
        if id & (KIND | OF_A_THREAD) == OF_A_DESCRIPTOR {
            return Err(Errno::EOPNOTSUPP);
        }
        if id & KIND == KIND {
            return Err(Errno::EINVAL);
        }
        let owner = u32::try_from(!(id.cast_signed() >> 3)).map_err(|_| Errno::EINVAL)?;
        if id & OF_A_THREAD == 0 {
            let process = if owner == 0 { Some(Arc::clone(thread.process())) } else { table::find(owner) };
            return process.map(|process| Self::Process(Arc::downgrade(&process))).ok_or(Errno::EINVAL);
        }
        let owner = if owner == 0 { thread.tid() } else { owner };
        let own = thread.process().all_threads().into_iter().find(|other| other.tid() == owner);
        own.map(|own| Self::Thread(Arc::downgrade(&own))).ok_or(Errno::EINVAL)
    }

    /// What it shows now, in nanoseconds; a dead process's or thread's stands still.
    pub fn now(&self) -> u64 {
        match self {
            Self::Real(clock) => time::now(*clock),
            Self::Process(process) => process.upgrade().map_or(0, |process| process.processor_time()),
            Self::User(process) => process.upgrade().map_or(0, |process| process.account().user),
            Self::Thread(thread) => thread.upgrade().map_or(0, |thread| thread.spent.processor_time()),
        }
    }

    /// The clock for a length of time: one that nobody sets, in place of the wall clock.
    pub fn for_lengths(&self) -> Self {
        match self {
            Self::Real(_) => Self::Real(Clock::Monotonic),
            other => other.clone(),
        }
    }
}

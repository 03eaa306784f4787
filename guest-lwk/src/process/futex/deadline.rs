//! Time-outs: a time of a clock, as the program wrote it.

use crate::arch::time::{self, Clock};
use crate::errno::Errno;
use crate::process::thread::Thread;

const SECOND: u64 = 1_000_000_000;
/// How often a clock that can jump is looked at while it is waited for.
const JUMP_CHECK: u64 = SECOND / 4;

/// When a wait ends by itself.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    clock: Clock,
    nanoseconds: u64,
}

impl Deadline {
    /// The time of `clock` that stands at `address`; no time-out if that is 0. EFAULT, or EINVAL for what is no time.
    pub fn absolute(thread: &Thread, address: u64, clock: Clock) -> Result<Option<Self>, Errno> {
        Ok(read(thread, address)?.map(|nanoseconds| Self { clock, nanoseconds }))
    }

    /// From now on by what stands at `address`, by `CLOCK_MONOTONIC`; if `going_on` is not 0, the call was interrupted and goes on
    /// until then. Errors as above.
    pub fn relative(thread: &Thread, address: u64, going_on: u64) -> Result<Option<Self>, Errno> {
        let end = |length: u64| match going_on {
            0 => time::now(Clock::Monotonic).saturating_add(length),
            until => until,
        };
        Ok(read(thread, address)?.map(|length| Self { clock: Clock::Monotonic, nanoseconds: end(length) }))
    }

    /// The time.
    pub fn nanoseconds(&self) -> u64 {
        self.nanoseconds
    }

    /// Whether it has come.
    pub fn has_passed(&self) -> bool {
        time::now(self.clock) >= self.nanoseconds
    }

    /// When to look next, in nanoseconds of `CLOCK_MONOTONIC`.
    pub fn next_look(&self) -> u64 {
        if self.clock == Clock::Monotonic {
            return self.nanoseconds;
        }
        let rest = self.nanoseconds.saturating_sub(time::now(self.clock));
        time::now(Clock::Monotonic).saturating_add(rest.min(JUMP_CHECK))
    }
}

fn read(thread: &Thread, address: u64) -> Result<Option<u64>, Errno> {
    if address == 0 {
        return Ok(None);
    }
    let [seconds, nanoseconds] = thread.process().space.lock().read::<[u64; 2]>(address)?;
    if seconds > i64::MAX as u64 || nanoseconds >= SECOND {
        return Err(Errno::EINVAL);
    }
    Ok(Some(seconds.saturating_mul(SECOND).saturating_add(nanoseconds)))
}

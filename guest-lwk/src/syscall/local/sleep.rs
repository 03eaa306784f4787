//! nanosleep(2) and `clock_nanosleep(2)`: the vCPU halts until its timer interrupts.

use linux_raw_sys::general as abi;

use crate::arch::boot;
use crate::arch::time::{self as clock, Clock};
use crate::errno::{Errno, SysResult};
use crate::process::signal::deliver::RESTART_WITHOUT_HANDLER;
use crate::process::signal::wait;
use crate::process::thread::Thread;
use crate::process::timer::TimerClock;

const SECOND: u64 = 1_000_000_000;
/// How often a clock that can jump is looked at while it is slept on.
const JUMP_CHECK: u64 = SECOND / 4;

/// The least time between two looks at a clock of processor time.
const PROCESSOR_CHECK: u64 = SECOND / 10_000;

/// A sleep, as it was asked for.
#[derive(Clone, Copy)]
pub struct Sleep {
    /// The clock's id.
    pub clock: u64,
    /// Whether `request` is a time of that clock and not a length.
    pub absolute: bool,
    /// Where the timespec is.
    pub request: u64,
    /// Where the rest is written if a signal cuts the sleep short, or 0.
    pub remain: u64,
}

/// Sleeps.
pub fn sleep(thread: &Thread, sleep: Sleep) -> SysResult {
    let clock = clock_of(thread, sleep.clock)?;
    let [seconds, nanoseconds] = thread.process().space.lock().read::<[u64; 2]>(sleep.request)?;
    if seconds > i64::MAX as u64 || nanoseconds >= SECOND {
        return Err(Errno::EINVAL);
    }
    let length = seconds.saturating_mul(SECOND).saturating_add(nanoseconds).min(i64::MAX as u64);
    let clock = if sleep.absolute { clock } else { clock.for_lengths() };
    let end = if sleep.absolute { length } else { clock.now().saturating_add(length) };
    let slept = until(thread, &clock, end);
    if slept.is_err() && !sleep.absolute && sleep.remain != 0 {
        let rest = end.saturating_sub(clock.now());
        thread.process().space.lock().write(sleep.remain, &[rest / SECOND, rest % SECOND])?;
    }
    slept
}

/// Sleeps until `clock` shows `time`.
fn until(thread: &Thread, clock: &TimerClock, time: u64) -> SysResult {
    loop {
        let now = clock.now();
        if now >= time {
            return Ok(0);
        }
        let step = match clock {
            TimerClock::Real(Clock::Monotonic) => time - now,
            TimerClock::Real(_) => (time - now).min(JUMP_CHECK),
            // It may run as fast as there are vCPUs, or stand still.
            _ => ((time - now) / u64::from(boot::page().vcpu_count)).max(PROCESSOR_CHECK),
        };
        let end = clock::now(Clock::Monotonic).saturating_add(step);
        wait::sleep(thread, end).map_err(|_| Errno(RESTART_WITHOUT_HANDLER))?;
    }
}

/// The clock to sleep by: any but the caller's own processor time, which stands still meanwhile, and those without timers.
fn clock_of(thread: &Thread, id: u64) -> Result<TimerClock, Errno> {
    match u32::try_from(id & 0xffff_ffff).unwrap_or(u32::MAX) {
        abi::CLOCK_REALTIME_ALARM => Ok(TimerClock::Real(Clock::Realtime)),
        abi::CLOCK_BOOTTIME_ALARM => Ok(TimerClock::Real(Clock::Boottime)),
        abi::CLOCK_THREAD_CPUTIME_ID => Err(Errno::EOPNOTSUPP),
        id => match TimerClock::named(thread, id)? {
            TimerClock::Thread(other) if core::ptr::eq(other.as_ptr(), thread) => Err(Errno::EINVAL),
            clock => Ok(clock),
        },
    }
}

//! nanosleep(2) and `clock_nanosleep(2)`: the vCPU halts until its timer interrupts.

use linux_raw_sys::general as abi;

use crate::arch::time::{self as clock, Clock};
use crate::errno::{Errno, SysResult};
use crate::process::signal::deliver::RESTART_WITHOUT_HANDLER;
use crate::process::signal::wait;
use crate::process::thread::Thread;

const SECOND: u64 = 1_000_000_000;
/// How often a clock that can jump is looked at while it is slept on.
const JUMP_CHECK: u64 = SECOND / 4;

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
    let clock = clock_of(sleep.clock)?;
    let [seconds, nanoseconds] = thread.process().space.lock().read::<[u64; 2]>(sleep.request)?;
    if seconds > i64::MAX as u64 || nanoseconds >= SECOND {
        return Err(Errno::EINVAL);
    }
    let length = seconds.saturating_mul(SECOND).saturating_add(nanoseconds).min(i64::MAX as u64);
    if sleep.absolute {
        return until(thread, clock, length);
    }
    let end = clock::now(Clock::Monotonic).saturating_add(length);
    let slept = wait::sleep(thread, end);
    if slept.is_err() && sleep.remain != 0 {
        let rest = end.saturating_sub(clock::now(Clock::Monotonic));
        thread.process().space.lock().write(sleep.remain, &[rest / SECOND, rest % SECOND])?;
    }
    slept.map_err(|_| Errno(RESTART_WITHOUT_HANDLER))
}

/// Sleeps until `clock` shows `time`.
fn until(thread: &Thread, clock: Clock, time: u64) -> SysResult {
    loop {
        let now = clock::now(clock);
        if now >= time {
            return Ok(0);
        }
        let step = if clock == Clock::Monotonic { time - now } else { (time - now).min(JUMP_CHECK) };
        let end = clock::now(Clock::Monotonic).saturating_add(step);
        wait::sleep(thread, end).map_err(|_| Errno(RESTART_WITHOUT_HANDLER))?;
    }
}

fn clock_of(id: u64) -> Result<Clock, Errno> {
    match u32::try_from(id & 0xffff_ffff).unwrap_or(u32::MAX) {
        abi::CLOCK_REALTIME | abi::CLOCK_REALTIME_ALARM => Ok(Clock::Realtime),
        abi::CLOCK_MONOTONIC => Ok(Clock::Monotonic),
        abi::CLOCK_BOOTTIME | abi::CLOCK_BOOTTIME_ALARM => Ok(Clock::Boottime),
        abi::CLOCK_TAI => Ok(Clock::Tai),
        abi::CLOCK_MONOTONIC_RAW | abi::CLOCK_REALTIME_COARSE | abi::CLOCK_MONOTONIC_COARSE => Err(Errno::EOPNOTSUPP),
        _ => Err(Errno::EINVAL),
    }
}

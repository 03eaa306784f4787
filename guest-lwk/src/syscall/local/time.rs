//! Clocks. Most programs read them through the vDSO and never come here.

use linux_raw_sys::general as abi;

use crate::arch::time::{self, Clock};
use crate::errno::{Errno, SysResult};
use crate::process::table;
use crate::process::thread::Thread;

const SECOND: u64 = 1_000_000_000;
/// The resolution of the coarse clocks: a tick of a 250 Hz kernel.
const COARSE_RESOLUTION: u64 = 4_000_000;

/// Nanoseconds of clock `id` (`clock_gettime(2)`).
pub fn read(thread: &Thread, id: u64) -> Result<u64, Errno> {
    let Ok(id) = u32::try_from(id & 0xffff_ffff) else { return Err(Errno::EINVAL) };
    Ok(match id {
        abi::CLOCK_REALTIME | abi::CLOCK_REALTIME_COARSE | abi::CLOCK_REALTIME_ALARM => time::now(Clock::Realtime),
        abi::CLOCK_MONOTONIC | abi::CLOCK_MONOTONIC_COARSE => time::now(Clock::Monotonic),
        abi::CLOCK_MONOTONIC_RAW => time::now(Clock::Raw),
        abi::CLOCK_BOOTTIME | abi::CLOCK_BOOTTIME_ALARM => time::now(Clock::Boottime),
        abi::CLOCK_TAI => time::now(Clock::Tai),
        abi::CLOCK_PROCESS_CPUTIME_ID => thread.process().processor_time(),
        abi::CLOCK_THREAD_CPUTIME_ID => thread.spent.processor_time(),
        id => processor_clock(thread, id).ok_or(Errno::EINVAL)?,
    })
}

/// The clock whose id is made of a pid or tid (`clock_getcpuclockid(3))`: its complement, and three bits that say which clock.
fn processor_clock(thread: &Thread, id: u32) -> Option<u64> {
    const OF_A_THREAD: u32 = 4;
    if id.cast_signed() >= 0 || id & 3 == 3 {
        return None;
    }
    let owner = u32::try_from(!(id.cast_signed() >> 3)).ok()?;
    if id & OF_A_THREAD != 0 {
        let own = thread.process().all_threads();
        let found = own.iter().find(|other| owner == other.tid() || owner == 0 && other.tid() == thread.tid())?;
        return Some(found.spent.processor_time());
    }
    if owner == 0 {
        return Some(thread.process().processor_time());
    }
    Some(table::find(owner)?.processor_time())
}

fn write(thread: &Thread, address: u64, nanoseconds: u64, unit: u64) -> SysResult {
    let pair = [nanoseconds / SECOND, nanoseconds % SECOND / unit];
    thread.process().space.lock().write(address, &pair)?;
    Ok(0)
}

/// `clock_gettime(2)`.
pub fn get(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let now = read(thread, arguments[0])?;
    write(thread, arguments[1], now, 1)
}

/// `clock_getres(2)`.
pub fn resolution(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    read(thread, arguments[0])?;
    if arguments[1] == 0 {
        return Ok(0);
    }
    let coarse = [abi::CLOCK_REALTIME_COARSE, abi::CLOCK_MONOTONIC_COARSE].map(u64::from).contains(&arguments[0]);
    write(thread, arguments[1], if coarse { COARSE_RESOLUTION } else { 1 }, 1)
}

/// gettimeofday(2).
pub fn time_of_day(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    if arguments[0] != 0 {
        write(thread, arguments[0], time::now(Clock::Realtime), 1000)?;
    }
    if arguments[1] != 0 {
        let zone = time::timezone().map(i32::cast_unsigned);
        let word = u64::from(zone[0]) | u64::from(zone[1]) << 32;
        thread.process().space.lock().write(arguments[1], &word)?;
    }
    Ok(0)
}

/// time(2).
pub fn seconds(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let now = time::now(Clock::Realtime) / SECOND;
    if arguments[0] != 0 {
        thread.process().space.lock().write(arguments[0], &now)?;
    }
    Ok(now)
}

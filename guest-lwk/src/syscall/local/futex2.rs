//! `futex_waitv(2)` of Linux 5.16 and the calls of 6.7 that do what futex(2) does, one call an operation, with values of 64 bits.

use alloc::vec::Vec;

use linux_raw_sys::general as abi;

use super::futex::{low, low_signed, result};
use crate::arch::time::Clock;
use crate::errno::{Errno, SysResult};
use crate::memory::user::Access;
use crate::process::futex::{self, ANY, Deadline, Place, Requeue, Scope, Wait};
use crate::process::thread::Thread;

/// What there is of the flags. Words of other sizes are not there on Linux either, and a partition has one NUMA node.
const FUTEX2_SIZE_U32: u32 = 2;
const FUTEX2_PRIVATE: u32 = 128;
/// Futexes that `futex_waitv` waits for at most (`FUTEX_WAITV_MAX`).
const MOST: u32 = 128;
/// Bytes of struct `futex_waitv`.
const WAITV_BYTES: u64 = 24;

fn scope(flags: u32) -> Result<Scope, Errno> {
    match flags {
        FUTEX2_SIZE_U32 => Ok(Scope::Shared),
        flags if flags == FUTEX2_SIZE_U32 | FUTEX2_PRIVATE => Ok(Scope::Private),
        _ => Err(Errno::EINVAL),
    }
}

fn narrow(value: u64) -> Result<u32, Errno> {
    u32::try_from(value).map_err(|_| Errno::EINVAL)
}

fn deadline(thread: &Thread, address: u64, clock: u64) -> Result<Option<Deadline>, Errno> {
    let clock = match low(clock) {
        _ if address == 0 => return Ok(None),
        abi::CLOCK_REALTIME => Clock::Realtime,
        abi::CLOCK_MONOTONIC => Clock::Monotonic,
        _ => return Err(Errno::EINVAL),
    };
    Deadline::absolute(thread, address, clock)
}

/// Reads `count` structures `futex_waitv`.
fn read_waits(thread: &Thread, address: u64, count: u32) -> Result<Vec<Wait>, Errno> {
    let mut waits = Vec::new();
    for index in 0..u64::from(count) {
        let at = address.checked_add(index * WAITV_BYTES).ok_or(Errno::EFAULT)?;
        let [value, word, flags] = thread.process().space.lock().read::<[u64; 3]>(at)?;
        // The upper half is reserved; no flag is there.
        let flags = u32::try_from(flags).map_err(|_| Errno::EINVAL)?;
        let place = Place { address: word, scope: scope(flags)? };
        waits.push(Wait { place, value: narrow(value)?, bitset: ANY });
    }
    Ok(waits)
}

/// `futex_waitv(2)`.
pub fn wait_many(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [address, count, flags, timeout, clock, _] = arguments;
    let count = low(count);
    if low(flags) != 0 || count == 0 || count > MOST || address == 0 {
        return Err(Errno::EINVAL);
    }
    let until = deadline(thread, timeout, clock)?;
    let waits = read_waits(thread, address, count)?;
    match futex::wait_many(thread, &waits, until)? {
        (_, Some(index)) => Ok(index as u64),
        (ended, None) => result(ended),
    }
}

/// `futex_wake(2)`.
pub fn wake(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [address, mask, count, flags, ..] = arguments;
    let place = Place { address, scope: scope(low(flags))? };
    let mask = narrow(mask)?;
    if mask != 0 && low(count) == 0 {
        return place.key_for(thread, Access::Read).map(|_| 0);
    }
    futex::wake(thread, place, low_signed(count), mask)
}

/// `futex_wait(2)`.
pub fn wait(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [address, value, mask, flags, timeout, clock] = arguments;
    let place = Place { address, scope: scope(low(flags))? };
    let wait = Wait { place, value: narrow(value)?, bitset: narrow(mask)? };
    let until = deadline(thread, timeout, clock)?;
    result(futex::wait(thread, &wait, until)?)
}

/// `futex_requeue(2)`.
pub fn requeue(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [address, flags, wake, requeue, ..] = arguments;
    if low(flags) != 0 || address == 0 {
        return Err(Errno::EINVAL);
    }
    let waits = read_waits(thread, address, 2)?;
    let [from, to] = waits.as_slice() else { return Err(Errno::EINVAL) };
    let asked = Requeue {
        from: from.place,
        to: to.place,
        woken: low_signed(wake),
        moved: low_signed(requeue),
        value: Some(from.value),
    };
    futex::requeue(thread, &asked)
}

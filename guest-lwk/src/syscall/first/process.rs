//! What a process says about itself, and what it asks about its children.

use core::sync::atomic::Ordering;

use linux_raw_sys::prctl as option;
use virtio_ikc::table::{Call, prctl};

use super::First;
use crate::errno::{Errno, SysResult};
use crate::process::thread::Thread;

const SECOND: u64 = 1_000_000_000;
/// `RUSAGE_SELF` and `RUSAGE_THREAD` (getrusage(2)).
const OWN_USAGE: [u64; 2] = [0, 1];
/// Ticks per second of times(2).
const CLOCK_TICKS: u64 = 100;
/// A personality(2) that only asks.
const ASK: u32 = u32::MAX;

/// wait4(2) and waitid(2): there are no children yet, so there is nobody to wait for.
pub fn wait(call: &Call, arguments: [u64; 6]) -> First {
    let (options, known): (u64, u64) =
        if call.name == "wait4" { (arguments[2], 0xe000_000b) } else { (arguments[3], 0xe100_000f) };
    let options = options & 0xffff_ffff;
    First::Done(Err(if options & !known != 0 { Errno::EINVAL } else { Errno::ECHILD }))
}

/// getrusage(2): processor time is the program's; the rest is not counted.
pub fn usage(thread: &Thread, arguments: [u64; 6]) -> First {
    let [who, address, ..] = arguments;
    if !OWN_USAGE.contains(&(who & 0xffff_ffff)) {
        return First::Offload(arguments);
    }
    let used = thread.process().cpu_time();
    let mut bytes = [0_u8; 144];
    bytes[..8].copy_from_slice(&(used / SECOND).to_le_bytes());
    bytes[8..16].copy_from_slice(&(used % SECOND / 1000).to_le_bytes());
    let mut space = thread.process().space.lock();
    let peak = crate::memory::frames::usage().2 >> 10;
    bytes[32..40].copy_from_slice(&peak.to_le_bytes());
    First::Done(space.copy_out(address, &bytes).map(|()| 0))
}

/// times(2).
pub fn times(thread: &Thread, arguments: [u64; 6]) -> First {
    use crate::arch::time::{self, Clock};
    let tick = SECOND / CLOCK_TICKS;
    let used = thread.process().cpu_time() / tick;
    let now = time::now(Clock::Boottime) / tick;
    let written = match arguments[0] {
        0 => Ok(()),
        address => thread.process().space.lock().write(address, &[used, 0, 0, 0]),
    };
    First::Done(written.map(|()| now))
}

/// personality(2).
pub fn personality(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let wanted = u32::try_from(arguments[0] & 0xffff_ffff).unwrap_or(ASK);
    let old = thread.process().personality.load(Ordering::Relaxed);
    if wanted != ASK {
        thread.process().personality.store(wanted, Ordering::Relaxed);
    }
    Ok(u64::from(old))
}

/// prctl(2).
pub fn control(thread: &Thread, arguments: [u64; 6]) -> First {
    let [code, value, ..] = arguments;
    let code = u32::try_from(code & 0xffff_ffff).unwrap_or(u32::MAX);
    if prctl::is_plain(code) {
        return First::Offload(arguments);
    }
    First::Done(match code {
        option::PR_SET_NAME => set_name(thread, value),
        option::PR_GET_NAME => get_name(thread, value),
        option::PR_GET_DUMPABLE => Ok(u64::from(thread.process().dumpable.load(Ordering::Relaxed))),
        option::PR_SET_DUMPABLE => set_dumpable(thread, value),
        option::PR_GET_PDEATHSIG => setting(thread, option::PR_SET_PDEATHSIG, 0).and_then(|signal| {
            thread.process().space.lock().write(value, &u32::try_from(signal).unwrap_or(0))?;
            Ok(0)
        }),
        option::PR_SET_TIMERSLACK => change_setting(thread, code, if value == 0 { 50_000 } else { value }),
        option::PR_GET_TIMERSLACK => setting(thread, option::PR_SET_TIMERSLACK, 50_000),
        option::PR_SET_THP_DISABLE => change_setting(thread, code, value),
        option::PR_GET_THP_DISABLE => setting(thread, option::PR_SET_THP_DISABLE, 0),
        option::PR_GET_SECCOMP => Ok(0),
        option::PR_GET_TSC => thread.process().space.lock().write(value, &1_u32).map(|()| 0),
        option::PR_SET_VMA => Ok(0),
        _ => Err(Errno::EINVAL),
    })
}

fn set_name(thread: &Thread, address: u64) -> SysResult {
    let name = thread.process().space.lock().read_string(address, 15)?;
    *thread.process().name.lock() = name;
    Ok(0)
}

fn get_name(thread: &Thread, address: u64) -> SysResult {
    let mut bytes = [0_u8; 16];
    let name = thread.process().name.lock();
    bytes[..name.len()].copy_from_slice(&name);
    thread.process().space.lock().copy_out(address, &bytes)?;
    Ok(0)
}

fn set_dumpable(thread: &Thread, value: u64) -> SysResult {
    let value = u32::try_from(value).ok().filter(|value| *value <= 1).ok_or(Errno::EINVAL)?;
    thread.process().dumpable.store(value, Ordering::Relaxed);
    Ok(0)
}

fn setting(thread: &Thread, code: u32, initial: u64) -> SysResult {
    Ok(thread.settings.lock().get(&code).copied().unwrap_or(initial))
}

fn change_setting(thread: &Thread, code: u32, value: u64) -> SysResult {
    thread.settings.lock().insert(code, value);
    Ok(0)
}

//! Sending signals: those for the caller itself never leave the LWK, others are Linux's business, which brings them to the proxies.

use lwk_core::signal::{SIGINFO_BYTES, Signal, SignalInfo, code};

use super::First;
use crate::arch::boot;
use crate::errno::{Errno, SysResult};
use crate::process::signal::{queue_for_process, queue_for_thread};
use crate::process::thread::Thread;

fn is_own_process(thread: &Thread, pid: u64) -> bool {
    pid & 0xffff_ffff == u64::from(thread.process().pid())
}

fn is_own_thread(thread: &Thread, tid: u64) -> bool {
    tid & 0xffff_ffff == u64::from(thread.tid())
}

/// The signal to send; `None` for 0, which only asks whether the target is there.
fn signal_of(number: u64) -> Result<Option<Signal>, Errno> {
    match u32::try_from(number & 0xffff_ffff).unwrap_or(u32::MAX) {
        0 => Ok(None),
        number => Signal::new(number).map(Some).ok_or(Errno::EINVAL),
    }
}

/// SIGKILL and SIGSTOP act on the proxy, and so on the whole process: Linux does that.
fn is_linux_business(number: u64) -> bool {
    [Signal::KILL, Signal::STOP].iter().any(|signal| u64::from(signal.number()) == number & 0xffff_ffff)
}

fn sent(thread: &Thread, signal: Signal, how: i32) -> SignalInfo {
    SignalInfo::sent(signal, how, thread.process().pid(), boot::page().credentials[0])
}

/// kill(2).
pub fn kill(thread: &Thread, arguments: [u64; 6]) -> First {
    let [pid, number, ..] = arguments;
    if !is_own_process(thread, pid) || is_linux_business(number) {
        return First::Offload(arguments);
    }
    First::Done(signal_of(number).and_then(|signal| {
        if let Some(signal) = signal {
            queue_for_process(thread.process(), sent(thread, signal, code::SI_USER))?;
        }
        Ok(0)
    }))
}

/// tkill(2).
pub fn kill_thread(thread: &Thread, arguments: [u64; 6]) -> First {
    let [tid, number, ..] = arguments;
    if !is_own_thread(thread, tid) || is_linux_business(number) {
        return First::Offload(arguments);
    }
    First::Done(to_thread(thread, number))
}

/// tgkill(2).
pub fn kill_thread_of(thread: &Thread, arguments: [u64; 6]) -> First {
    let [pid, tid, number, ..] = arguments;
    if !is_own_process(thread, pid) || !is_own_thread(thread, tid) || is_linux_business(number) {
        return First::Offload(arguments);
    }
    First::Done(to_thread(thread, number))
}

fn to_thread(thread: &Thread, number: u64) -> SysResult {
    if let Some(signal) = signal_of(number)? {
        queue_for_thread(thread, sent(thread, signal, code::SI_TKILL))?;
    }
    Ok(0)
}

/// `rt_sigqueueinfo(2)`.
pub fn queue(thread: &Thread, arguments: [u64; 6]) -> First {
    let [pid, number, address, ..] = arguments;
    if !is_own_process(thread, pid) {
        return First::Offload(arguments);
    }
    First::Done(read_information(thread, number, address).and_then(|information| {
        if let Some(information) = information {
            queue_for_process(thread.process(), information)?;
        }
        Ok(0)
    }))
}

/// `rt_tgsigqueueinfo(2)`.
pub fn queue_thread(thread: &Thread, arguments: [u64; 6]) -> First {
    let [pid, tid, number, address, ..] = arguments;
    if !is_own_process(thread, pid) || !is_own_thread(thread, tid) {
        return First::Offload(arguments);
    }
    First::Done(read_information(thread, number, address).and_then(|information| {
        if let Some(information) = information {
            queue_for_thread(thread, information)?;
        }
        Ok(0)
    }))
}

fn read_information(thread: &Thread, number: u64, address: u64) -> Result<Option<SignalInfo>, Errno> {
    let mut bytes = [0; SIGINFO_BYTES];
    thread.process().space.lock().copy_in(address, &mut bytes)?;
    let Some(signal) = signal_of(number)? else { return Ok(None) };
    bytes[..4].copy_from_slice(&u32::from(signal.number()).to_le_bytes());
    SignalInfo::from_bytes(&bytes).map(Some).ok_or(Errno::EINVAL)
}

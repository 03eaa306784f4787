//! Sending signals: those for the caller itself never leave the LWK, others are Linux's business, which brings them to the proxies.

use alloc::sync::Arc;
use alloc::vec::Vec;

use lwk_core::signal::{SIGINFO_BYTES, Signal, SignalInfo, SignalSet, code};

use super::First;
use crate::arch::boot;
use crate::errno::{Errno, SysResult};
use crate::ikc::request::{self, Draft};
use crate::process::exit;
use crate::process::process::Process;
use crate::process::signal::{deliver, left, queue_for_process, queue_for_thread, stop};
use crate::process::table;
use crate::process::thread::Thread;

/// Bytes of the kernel's `sigset_t`.
const SET_BYTES: u64 = 8;
/// kill(2).
const KILL: u16 = 62;
/// getpgid(2).
const GETPGID: u16 = 121;

fn is_own_process(thread: &Thread, pid: u64) -> bool {
    pid & 0xffff_ffff == u64::from(thread.process().pid())
}

/// The thread of the caller's process with this tid.
fn own_thread(thread: &Thread, tid: u64) -> Option<Arc<Thread>> {
    thread.process().all_threads().into_iter().find(|other| u64::from(other.tid()) == tid & 0xffff_ffff)
}

/// The signal to send; `None` for 0, which only asks whether the target is there.
fn signal_of(number: u64) -> Result<Option<Signal>, Errno> {
    match u32::try_from(number & 0xffff_ffff).unwrap_or(u32::MAX) {
        0 => Ok(None),
        number => Signal::new(number).map(Some).ok_or(Errno::EINVAL),
    }
}

/// SIGKILL and SIGSTOP for the own process: the caller does not return to its program before they have acted.
fn act_at_once(thread: &Thread, number: u64) -> bool {
    match signal_of(number) {
        Ok(Some(Signal::KILL)) => exit::by_signal(Signal::KILL),
        Ok(Some(Signal::STOP)) => {
            // As when it is sent to others: what would let the process go on has been overtaken.
            thread.process().signals.lock().pending.remove(Signal::STOP.cancels());
            thread.signals.lock().pending.remove(Signal::STOP.cancels());
            deliver::stop(thread, Signal::STOP);
        }
        _ => return false,
    }
    true
}

fn sent(thread: &Thread, signal: Signal, how: i32) -> SignalInfo {
    SignalInfo::sent(signal, how, thread.process().pid(), boot::page().credentials[0])
}

/// Processes of the partition that Linux stops or lets go on: their threads on the LWK do the same. Linux says whether that is allowed
/// when it is asked; whoever may not send the signal to the proxy may not stop the program.
fn follow_stop(thread: &Thread, pid: u64, number: u64) {
    let act: fn(&Process) = match signal_of(number) {
        Ok(Some(Signal::STOP)) => stop::stop,
        Ok(Some(Signal::CONT)) => stop::is_continued,
        _ => return,
    };
    let pid = u32::try_from(pid & 0xffff_ffff).unwrap_or(0).cast_signed();
    for process in named_by(thread, pid) {
        let own = core::ptr::eq(Arc::as_ptr(&process), Arc::as_ptr(thread.process()));
        let allowed = || request::send(Draft::call(KILL, [process.pid().into(), 0, 0, 0, 0, 0])).result == 0;
        if !own && allowed() {
            act(&process);
        }
    }
}

/// The partition's processes that kill(2) means by `pid`. Process groups are Linux's, which is asked for each.
fn named_by(thread: &Thread, pid: i32) -> Vec<Arc<Process>> {
    if pid > 0 {
        return table::find(pid.cast_unsigned()).into_iter().collect();
    }
    let group_of = |pid: u32| request::send(Draft::call(GETPGID, [pid.into(), 0, 0, 0, 0, 0])).result;
    let group = match pid {
        -1 => None,
        0 => Some(group_of(thread.process().pid())),
        _ => Some(i64::from(pid.wrapping_neg())),
    };
    table::all().into_iter().filter(|process| group.is_none_or(|group| group_of(process.pid()) == group)).collect()
}

/// kill(2).
pub fn kill(thread: &Thread, arguments: [u64; 6]) -> First {
    let [pid, number, ..] = arguments;
    if !is_own_process(thread, pid) {
        follow_stop(thread, pid, number);
        return First::Offload(arguments);
    }
    if act_at_once(thread, number) {
        return First::Done(Ok(0));
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
    match own_thread(thread, tid) {
        Some(target) => First::Done(to_thread(thread, &target, number)),
        None => First::Offload(arguments),
    }
}

/// tgkill(2).
pub fn kill_thread_of(thread: &Thread, arguments: [u64; 6]) -> First {
    let [pid, tid, number, ..] = arguments;
    match own_thread(thread, tid).filter(|_| is_own_process(thread, pid)) {
        Some(target) => First::Done(to_thread(thread, &target, number)),
        None => First::Offload(arguments),
    }
}

fn to_thread(thread: &Thread, target: &Thread, number: u64) -> SysResult {
    if act_at_once(thread, number) {
        return Ok(0);
    }
    if let Some(signal) = signal_of(number)? {
        queue_for_thread(target, sent(thread, signal, code::SI_TKILL))?;
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
    let Some(target) = own_thread(thread, tid).filter(|_| is_own_process(thread, pid)) else {
        return First::Offload(arguments);
    };
    First::Done(read_information(thread, number, address).and_then(|information| {
        if let Some(information) = information {
            queue_for_thread(&target, information)?;
        }
        Ok(0)
    }))
}

/// signalfd(2): the descriptor is Linux's, and so are its signals as long as they are blocked.
pub fn descriptor(thread: &Thread, arguments: [u64; 6]) -> First {
    let [_, set, size, ..] = arguments;
    if size == SET_BYTES {
        let read = thread.process().space.lock().read::<u64>(set);
        match read {
            Ok(set) => left::watch(thread, SignalSet(set)),
            Err(error) => return First::Done(Err(error)),
        }
    }
    First::Offload(arguments)
}

fn read_information(thread: &Thread, number: u64, address: u64) -> Result<Option<SignalInfo>, Errno> {
    let mut bytes = [0; SIGINFO_BYTES];
    thread.process().space.lock().copy_in(address, &mut bytes)?;
    let Some(signal) = signal_of(number)? else { return Ok(None) };
    bytes[..4].copy_from_slice(&u32::from(signal.number()).to_le_bytes());
    SignalInfo::from_bytes(&bytes).map(Some).ok_or(Errno::EINVAL)
}

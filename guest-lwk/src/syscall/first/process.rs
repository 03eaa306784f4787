//! What a process says about itself, and what it asks about its children.

use core::sync::atomic::Ordering;

use linux_raw_sys::prctl as option;
use virtio_ikc::message::{Operation, Role};
use virtio_ikc::table::prctl;

use super::First;
use crate::arch::boot;
use crate::errno::{Errno, SysResult, from_register};
use crate::ikc::request::{self, Draft};
use crate::process::account::Account;
use crate::process::table;
use crate::process::thread::Thread;

const GETPPID: u16 = 110;
const GETPGID: u16 = 121;
const PRCTL: u16 = 157;
const SECOND: u64 = 1_000_000_000;
/// Whose usage (getrusage(2)): `RUSAGE_SELF`, `RUSAGE_THREAD`, `RUSAGE_CHILDREN`.
const OWN: u64 = 0;
const THREAD: u64 = 1;
const CHILDREN: u64 = 0xffff_ffff;
/// Ticks per second of times(2).
const CLOCK_TICKS: u64 = 100;
/// A personality(2) that only asks.
const ASK: u32 = u32::MAX;

/// getppid(2): Linux knows who the parent is now. An orphan is the agent's child, which is to it what init is to others.
pub fn parent(thread: &Thread, arguments: [u64; 6]) -> First {
    if let Some(parent) = known_parent(thread) {
        return First::Done(Ok(parent));
    }
    let reply = request::send(Draft::call(GETPPID, arguments));
    let parent = from_register(reply.result);
    let adoptive = u64::from(boot::page().parent);
    First::Done(parent.map(|parent| if parent == adoptive { 1 } else { parent }))
}

/// What getppid(2) answers, if the LWK knows: to the first process, whose parent lives as long as the partition.
pub fn known_parent(thread: &Thread) -> Option<u64> {
    let first = boot::page();
    (thread.process().pid() == first.process).then_some(u64::from(first.parent))
}

/// getrusage(2): what the program used, and not its proxy.
pub fn usage(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [who, address, ..] = arguments;
    let process = thread.process();
    let resident = process.space.lock().in_use().1.resident_peak;
    process.usage.saw_resident(resident);
    let account = match who & 0xffff_ffff {
        OWN => process.account(),
        THREAD => Account { largest: process.account().largest, ..thread.spent.account() },
        CHILDREN => process.usage.of_children(),
        _ => return Err(Errno::EINVAL),
    };
    process.space.lock().copy_out(address, &account.to_bytes())?;
    Ok(0)
}

/// times(2).
pub fn times(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    use crate::arch::time::{self, Clock};
    let tick = SECOND / CLOCK_TICKS;
    let process = thread.process();
    let (own, children) = (process.account(), process.usage.of_children());
    if arguments[0] != 0 {
        let times = [own.user, own.system, children.user, children.system].map(|time| time / tick);
        process.space.lock().write(arguments[0], &times)?;
    }
    Ok(time::now(Clock::Boottime) / tick)
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
    if code == option::PR_SET_CHILD_SUBREAPER {
        return First::Done(adopt(thread, arguments));
    }
    if prctl::is_plain(code) {
        return First::Offload(arguments);
    }
    First::Done(match code {
        option::PR_SET_NAME => set_name(thread, value),
        option::PR_GET_NAME => get_name(thread, value),
        option::PR_GET_DUMPABLE => Ok(u64::from(thread.process().dumpable.load(Ordering::Relaxed))),
        option::PR_SET_DUMPABLE => set_dumpable(thread, value),
        option::PR_GET_PDEATHSIG => death_signal(thread, arguments),
        option::PR_GET_CHILD_SUBREAPER => {
            let adopts = u32::from(thread.process().adopts.load(Ordering::Relaxed));
            thread.process().space.lock().write(value, &adopts).map(|()| 0)
        }
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

/// `PR_GET_PDEATHSIG`: the proxy keeps the signal, and answers with it.
fn death_signal(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let signal = from_register(request::send(Draft::call(PRCTL, arguments)).result)?;
    let signal = u32::try_from(signal).unwrap_or(0);
    thread.process().space.lock().write(arguments[1], &signal)?;
    Ok(0)
}

/// `PR_SET_CHILD_SUBREAPER`: the proxy adopts.
fn adopt(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let done = from_register(request::send(Draft::call(PRCTL, arguments)).result)?;
    thread.process().adopts.store(arguments[1] != 0, Ordering::Relaxed);
    Ok(done)
}

/// unshare(2): what a process with one thread shares with nobody need not be parted; the proxy cannot be split.
pub fn unshare(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    use linux_raw_sys::general as abi;
    const NO_NAMESPACE: u32 =
        abi::CLONE_FILES | abi::CLONE_FS | abi::CLONE_SYSVSEM | abi::CLONE_THREAD | abi::CLONE_SIGHAND | abi::CLONE_VM;
    const NAMESPACES: u32 = abi::CLONE_NEWNS
        | abi::CLONE_NEWCGROUP
        | abi::CLONE_NEWUTS
        | abi::CLONE_NEWIPC
        | abi::CLONE_NEWUSER
        | abi::CLONE_NEWPID
        | abi::CLONE_NEWNET
        | 0x80;
    let flags = u32::try_from(arguments[0]).map_err(|_| Errno::EINVAL)?;
    if flags & !(NO_NAMESPACE | NAMESPACES) != 0 {
        return Err(Errno::EINVAL);
    }
    if flags & NAMESPACES != 0 {
        return Err(Errno::EPERM);
    }
    if flags != 0 && thread.process().threads.lock().len() > 1 {
        let of_threads = abi::CLONE_THREAD | abi::CLONE_SIGHAND | abi::CLONE_VM;
        return Err(if flags & of_threads != 0 { Errno::EINVAL } else { Errno::EPERM });
    }
    Ok(0)
}

/// setpgid(2): a child that has replaced its program stays where it is; its proxy has not.
pub fn set_group(thread: &Thread, arguments: [u64; 6]) -> First {
    let child =
        u32::try_from(arguments[0] & 0xffff_ffff).ok().filter(|pid| *pid != 0 && *pid != thread.process().pid());
    if child.and_then(table::find).is_some_and(|child| child.has_executed()) {
        // Linux says first whether it is a child at all.
        let reply = request::send(Draft::call(GETPGID, [arguments[0], 0, 0, 0, 0, 0]));
        return First::Done(from_register(reply.result).and(Err(Errno::EACCES)));
    }
    First::Offload(arguments)
}

fn set_name(thread: &Thread, address: u64) -> SysResult {
    let name = thread.process().space.lock().read_string(address, 15)?;
    let mut draft = Draft::operation(Operation::THREAD_NAME);
    draft.arguments([u64::from(thread.tid()), 0, 0, 0, 0, 0]);
    draft.input(2, Role::STRING, &name);
    request::send(draft);
    *thread.name.lock() = name;
    Ok(0)
}

fn get_name(thread: &Thread, address: u64) -> SysResult {
    let mut bytes = [0_u8; 16];
    {
        let name = thread.name.lock();
        bytes[..name.len()].copy_from_slice(&name);
    }
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

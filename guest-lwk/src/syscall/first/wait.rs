//! wait4(2) and waitid(2): Linux has the children, the LWK knows what they used.

use alloc::vec;
use alloc::vec::Vec;

use linux_raw_sys::general as abi;
use lwk_core::signal::code;
use virtio_ikc::message::Segment;
use virtio_ikc::table::Call;

use crate::arch::direct_map;
use crate::errno::SysResult;
use crate::ikc::events;
use crate::ikc::request::{self, Draft};
use crate::process::account::{Account, RUSAGE_BYTES};
use crate::process::signal::left;
use crate::process::thread::Thread;
use crate::process::{exit, table};
use crate::syscall::offload;

/// kill(2), and the answer that there is no such process.
const KILL: u16 = 62;
const NOBODY: i64 = -(linux_raw_sys::errno::ESRCH as i64);
const STATUS_BYTES: usize = 4;
const INFORMATION_BYTES: usize = 128;
/// What of a siginfo_t waitid(2) writes, and where it has the child's pid.
const WRITTEN: [core::ops::Range<usize>; 2] = [0..12, 16..28];
const PID: usize = 16;
/// A wait(2) status that says the child goes on, and the low byte of one that says it has stopped.
const CONTINUED: u32 = 0xffff;
const STOPPED: u32 = 0x7f;

/// Memory that Linux fills in place of the program's, so that the LWK sees it first.
fn own_memory(draft: &mut Draft, argument: u8, length: usize) -> Vec<u8> {
    let bytes = vec![0_u8; length];
    draft.output(argument, &[Segment { address: direct_map::physical_of(bytes.as_slice()), length: length as u64 }]);
    bytes
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes[at..at + 4].try_into().map_or(0, u32::from_le_bytes)
}

fn send(thread: &Thread, call: &Call, mut draft: Draft) -> SysResult {
    left::while_in_linux(thread, || offload::send(thread, call, &mut draft))
}

/// wait4(2).
pub fn process(thread: &Thread, call: &Call, arguments: [u64; 6]) -> SysResult {
    let [_, status_place, _, usage_place, ..] = arguments;
    let mut draft = Draft::call(call.number, arguments);
    let status = own_memory(&mut draft, 1, STATUS_BYTES);
    let usage = (usage_place != 0).then(|| own_memory(&mut draft, 3, RUSAGE_BYTES));
    let waited = send(thread, call, draft)?;
    let Ok(pid @ 1..) = u32::try_from(waited) else { return Ok(waited) };
    follow(thread, pid);
    let how = word(&status, 0);
    if how & 0xff == STOPPED {
        events::stopped(pid);
    }
    let account = (how & 0xff != STOPPED && how != CONTINUED).then(|| settle(thread, pid, true));
    let mut space = thread.process().space.lock();
    if status_place != 0 {
        space.copy_out(status_place, &status)?;
    }
    if let Some(proxys) = usage {
        space.copy_out(usage_place, &account.map_or(proxys, |account| account.to_bytes().to_vec()))?;
    }
    Ok(waited)
}

/// Linux has told of a child. It has sent the signals of the children that it tells of before; and a child that has been waited for is
/// gone at once, not only when its proxy's end has come round.
fn follow(thread: &Thread, pid: u32) {
    events::take_from_proxy(thread.process());
    let is_known = table::find(pid).is_some();
    if is_known && request::send(Draft::call(KILL, [u64::from(pid), 0, 0, 0, 0, 0])).result == NOBODY {
        exit::has_been_waited_for(pid);
    }
}

/// What child `pid`, which has ended, used; its parent has it on its own account from now on if it is `gone`.
fn settle(thread: &Thread, pid: u32, gone: bool) -> Account {
    let account = thread.process().account_of_child(pid);
    if gone {
        thread.process().waited_for(pid, account);
    }
    account
}

/// waitid(2).
pub fn child(thread: &Thread, call: &Call, arguments: [u64; 6]) -> SysResult {
    let [_, _, place, options, usage_place, _] = arguments;
    let mut draft = Draft::call(call.number, arguments);
    let information = own_memory(&mut draft, 2, INFORMATION_BYTES);
    let usage = (usage_place != 0).then(|| own_memory(&mut draft, 4, RUSAGE_BYTES));
    let waited = send(thread, call, draft)?;
    let (pid, how) = (word(&information, PID), word(&information, 8).cast_signed());
    if pid != 0 {
        follow(thread, pid);
    }
    if how == code::CLD_STOPPED {
        events::stopped(pid);
    }
    let has_ended = [code::CLD_EXITED, code::CLD_KILLED, code::CLD_DUMPED].contains(&how);
    let gone = options & u64::from(abi::WNOWAIT) == 0;
    let account = (pid != 0 && has_ended).then(|| settle(thread, pid, gone));
    let mut space = thread.process().space.lock();
    if let Some(proxys) = usage.filter(|_| pid != 0) {
        space.copy_out(usage_place, &account.map_or(proxys, |account| account.to_bytes().to_vec()))?;
    }
    if place != 0 {
        for part in WRITTEN {
            space.copy_out(place + part.start as u64, &information[part])?;
        }
    }
    Ok(waited)
}

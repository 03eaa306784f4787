//! Calls that name descriptors otherwise than by an argument of that kind.

use std::os::fd::{AsRawFd, BorrowedFd};

use virtio_ikc::message::Role;

use super::call::generic;
use super::frame::{Frame, programs};
use super::{Refusal, locks};
use crate::arch::Argument;
use crate::own_descriptors::{borrow, is_own, own_below};

const FICLONE: u32 = 0x4004_9409;
const F_DUPFD_QUERY: u32 = 1027;
/// Bytes of a control message's header (cmsg(3)).
const CONTROL_HEADER_BYTES: usize = 16;
/// Bytes of a directory entry before its name (getdents(2)).
const ENTRY_NAME_OFFSET: usize = 19;
/// `f_type` of proc(5).
const PROC_SUPER_MAGIC: i64 = 0x9fa0;

/// ioctl(2), fcntl(2): a few take a descriptor as their third argument.
pub(super) fn control(frame: &mut Frame<'_, '_>) -> Result<i64, Refusal> {
    let is_ioctl = i64::from(frame.call.number) == libc::SYS_ioctl;
    let names_descriptor = frame.low(1) == if is_ioctl { FICLONE } else { F_DUPFD_QUERY };
    if names_descriptor {
        programs(frame.request.arguments[2])?;
    }
    if !is_ioctl {
        locks::note(frame.low(1));
    }
    generic(frame)
}

/// close_range(2): around the agent's descriptors.
pub(super) fn close_range(frame: &mut Frame<'_, '_>) -> i64 {
    const CLOSE_RANGE_UNSHARE: u64 = 2;
    let (first, last) = (u64::from(frame.low(0)), u64::from(frame.low(1)));
    // A table of descriptors of its own would part one worker from the others.
    let flags = Argument::number(frame.request.arguments[2] & !CLOSE_RANGE_UNSHARE);
    let own: Vec<u64> = own_below(last + 1).filter(|number| *number >= first).collect();
    let mut close = |first, last| {
        let [first, last] = [first, last].map(Argument::number);
        frame.arguments = [first, last, flags, Argument::NULL, Argument::NULL, Argument::NULL];
        frame.execute()
    };
    if first > last {
        return close(first, last);
    }
    let mut next = first;
    let mut result = 0;
    for number in own.into_iter().chain([last + 1]) {
        if next < number {
            result = close(next, number - 1);
        }
        if result < 0 {
            break;
        }
        next = number + 1;
    }
    result
}

/// Refuses to pass the agent's descriptors on in a control message (SCM_RIGHTS, unix(7)).
pub(super) fn refuse_passing(mut control: &[u8]) -> Result<(), Refusal> {
    while let Some((header, rest)) = control.split_at_checked(CONTROL_HEADER_BYTES) {
        let word = |at: usize| header[at..].first_chunk().map_or(0, |word| u32::from_le_bytes(*word));
        let length = header.first_chunk().map_or(0, |length| u64::from_le_bytes(*length));
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let Some(data) = length.checked_sub(CONTROL_HEADER_BYTES) else { return Ok(()) };
        let data = &rest[..data.min(rest.len())];
        let passes = word(8) == libc::SOL_SOCKET.cast_unsigned() && word(12) == libc::SCM_RIGHTS.cast_unsigned();
        let descriptor = |bytes: &[u8]| bytes.first_chunk().map_or(0, |number| u32::from_le_bytes(*number).into());
        if passes && data.chunks(4).any(|bytes| is_own(descriptor(bytes))) {
            return Err(Refusal::Errno(libc::EBADF));
        }
        let Some(aligned) = length.checked_next_multiple_of(8) else { return Ok(()) };
        control = control.get(aligned..).unwrap_or_default();
    }
    Ok(())
}

/// getdents64(2): a process's list of descriptors does not show the agent's.
pub(super) fn list(frame: &mut Frame<'_, '_>) -> Result<i64, Refusal> {
    let descriptor = borrow(frame.request.arguments[0]);
    let Some(buffer) = frame.request.buffer(1, Role::WHOLE).copied() else { return generic(frame) };
    if buffer.segment_count == 0 || !descriptor.is_some_and(lists_descriptors) {
        return generic(frame);
    }
    frame.place(0, frame.call.arguments[0])?;
    frame.arguments[1] = frame.bounce(1, &buffer, u64::from(frame.low(2)))?;
    frame.arguments[2] = Argument::number(frame.request.arguments[2]);
    loop {
        let read = frame.execute();
        let Ok(length) = usize::try_from(read) else { return Ok(read) };
        let kept = frame.bytes(1).map_or(0, |bytes| keep_programs(&mut bytes[..length]));
        if kept > 0 || read == 0 {
            let result = i64::try_from(kept).unwrap_or(0);
            frame.copy_back(result)?;
            return Ok(result);
        }
    }
}

/// Whether a directory is `fd` or `fdinfo` of a process.
fn lists_descriptors(directory: BorrowedFd<'_>) -> bool {
    if !rustix::fs::fstatfs(directory).is_ok_and(|system| system.f_type == PROC_SUPER_MAGIC) {
        return false;
    }
    let link = std::fs::read_link(format!("/proc/self/fd/{}", directory.as_raw_fd()));
    link.is_ok_and(|path| path.ends_with("fd") || path.ends_with("fdinfo"))
}

/// Moves the entries that are not the agent's together; answers their length.
fn keep_programs(entries: &mut [u8]) -> usize {
    let (mut from, mut kept) = (0, 0);
    while let Some(length) = entries.get(from + 16..from + 18).and_then(|length| length.first_chunk()) {
        let length = usize::from(u16::from_le_bytes(*length)).max(ENTRY_NAME_OFFSET);
        let Some(entry) = entries.get(from..from + length) else { break };
        let name = &entry[ENTRY_NAME_OFFSET..];
        let name = &name[..name.iter().position(|byte| *byte == 0).unwrap_or(name.len())];
        let number = std::str::from_utf8(name).ok().and_then(|name| name.parse().ok());
        if !number.is_some_and(is_own) {
            entries.copy_within(from..from + length, kept);
            kept += length;
        }
        from += length;
    }
    kept
}

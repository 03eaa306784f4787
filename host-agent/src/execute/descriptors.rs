//! Calls that name descriptors otherwise than by an argument of that kind.

use rustix::fs::{SeekFrom, seek};
use virtio_ikc::message::Role;

use super::call::generic;
use super::frame::{Frame, programs};
use super::{Refusal, locks};
use crate::arch::Argument;
use crate::own_descriptors::{borrow, is_own, own_below};
use crate::views::Listing;

const FICLONE: u32 = 0x4004_9409;
const F_DUPFD_QUERY: u32 = 1027;
/// Bytes of a control message's header (cmsg(3)).
const CONTROL_HEADER_BYTES: usize = 16;
/// Bytes of a directory entry before its name (getdents(2)).
const ENTRY_NAME_OFFSET: usize = 19;

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

/// getdents64(2): some lists have entries that are none of the program's business.
pub(super) fn list(frame: &mut Frame<'_, '_>) -> Result<i64, Refusal> {
    let descriptor = borrow(frame.request.arguments[0]);
    let Some(buffer) = frame.request.buffer(1, Role::WHOLE).copied() else { return generic(frame) };
    let listing = descriptor.and_then(|folder| Listing::of(folder, frame.executor.proxy.process));
    let Some(listing) = listing.filter(|_| buffer.segment_count > 0) else { return generic(frame) };
    frame.place(0, frame.call.arguments[0])?;
    frame.arguments[1] = frame.bounce(1, &buffer, u64::from(frame.low(2)))?;
    frame.arguments[2] = Argument::number(frame.request.arguments[2]);
    let is_start = descriptor.is_some_and(|folder| seek(folder, SeekFrom::Current(0)) == Ok(0));
    loop {
        let read = frame.execute();
        let Ok(length) = usize::try_from(read) else { return Ok(read) };
        let proxy = frame.executor.proxy;
        let Some(bytes) = frame.bytes(1) else { return Ok(read) };
        let mut kept = keep(&mut bytes[..length], |name| !listing.hides(name, proxy));
        if is_start {
            kept = listing.missing(proxy).iter().fold(kept, |kept, name| add_folder(bytes, kept, name));
        }
        if kept > 0 || read == 0 {
            let result = i64::try_from(kept).unwrap_or(0);
            frame.copy_back(result)?;
            return Ok(result);
        }
    }
}

/// Adds an entry for the folder `name` behind those of `kept` bytes if there is room; answers the bytes of all.
fn add_folder(entries: &mut [u8], kept: usize, name: &str) -> usize {
    /// Nothing follows in the folder that Linux lists.
    const LAST: [u8; 8] = i64::MAX.to_le_bytes();
    let length = (ENTRY_NAME_OFFSET + name.len() + 1).next_multiple_of(8);
    let Some(entry) = entries.get_mut(kept..kept + length) else { return kept };
    entry.fill(0);
    entry[..8].copy_from_slice(&1_u64.to_le_bytes());
    entry[8..16].copy_from_slice(&LAST);
    entry[16..18].copy_from_slice(&u16::try_from(length).unwrap_or(0).to_le_bytes());
    entry[18] = libc::DT_DIR;
    entry[ENTRY_NAME_OFFSET..ENTRY_NAME_OFFSET + name.len()].copy_from_slice(name.as_bytes());
    kept + length
}

/// Moves the entries that are `wanted` together; answers their length.
fn keep(entries: &mut [u8], wanted: impl Fn(&str) -> bool) -> usize {
    let (mut from, mut kept) = (0, 0);
    while let Some(length) = entries.get(from + 16..from + 18).and_then(|length| length.first_chunk()) {
        let length = usize::from(u16::from_le_bytes(*length)).max(ENTRY_NAME_OFFSET);
        let Some(entry) = entries.get(from..from + length) else { break };
        let name = &entry[ENTRY_NAME_OFFSET..];
        let name = &name[..name.iter().position(|byte| *byte == 0).unwrap_or(name.len())];
        if std::str::from_utf8(name).map_or(true, &wanted) {
            entries.copy_within(from..from + length, kept);
            kept += length;
        }
        from += length;
    }
    kept
}

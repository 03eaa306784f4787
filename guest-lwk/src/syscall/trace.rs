//! `--trace`: each call is reported to the agent, which knows how to print it.

use alloc::boxed::Box;

use virtio_ikc::boot::flag;
use virtio_ikc::message::{Direction, Operation, Role, Segment, TRACE_CAPTURE_BYTES, TraceRecord};
use virtio_ikc::table::ioctl::Shape;
use virtio_ikc::table::{Argument, Call, Size};

use crate::arch::time::{self, Clock};
use crate::arch::{boot, direct_map};
use crate::ikc::request::{self, Draft};
use crate::memory::space::AddressSpace;
use crate::process::signal::deliver::RESTART_WITH_FLAG;
use crate::process::thread::Thread;

/// Reports a call that has returned.
pub fn returned(thread: &Thread, call: &Call, arguments: [u64; 6], result: u64, began: u64, offloaded: bool) {
    let took = time::nanoseconds(time::ticks().wrapping_sub(began));
    let mut record = record(thread, call, arguments);
    record.route = u32::from(offloaded);
    record.returned = 1;
    record.result = result.cast_signed();
    if record.result <= -i64::from(RESTART_WITH_FLAG) && record.result > -600 {
        record.result = -4;
    }
    record.nanoseconds = took;
    record.began = time::now(Clock::Realtime).saturating_sub(took);
    send(&record);
}

/// Reports a call that does not return.
pub fn leaving(thread: &Thread, call: &Call, arguments: [u64; 6]) {
    if !boot::has(flag::TRACE) {
        return;
    }
    let mut record = record(thread, call, arguments);
    record.began = time::now(Clock::Realtime);
    send(&record);
}

fn send(record: &TraceRecord) {
    let segment = Segment { address: direct_map::physical_of(record), length: size_of::<TraceRecord>() as u64 };
    let mut draft = Draft::operation(Operation::TRACE);
    draft.buffer(0, Role::WHOLE, Direction::IN, segment.length, &[segment]);
    request::send(draft);
}

/// The call with what its arguments point to.
fn record(thread: &Thread, call: &Call, arguments: [u64; 6]) -> Box<TraceRecord> {
    let mut record = Box::new(TraceRecord {
        call: u32::from(call.number),
        route: 0,
        thread: thread.tid(),
        returned: 0,
        arguments,
        result: 0,
        nanoseconds: 0,
        began: 0,
        captured: [0; 6],
        truncated: 0,
        captures: [[0; TRACE_CAPTURE_BYTES]; 6],
    });
    let mut space = thread.process().space.lock();
    for (index, kind) in call.arguments.iter().enumerate() {
        capture(&mut space, &mut record, index, *kind, &arguments);
    }
    record
}

fn capture(space: &mut AddressSpace, record: &mut TraceRecord, index: usize, kind: Argument, arguments: &[u64; 6]) {
    let address = arguments[index];
    if let Argument::VectorIn(count) | Argument::VectorOut(count) = kind {
        return capture_vector(space, record, index, arguments[usize::from(count)]);
    }
    let most = TRACE_CAPTURE_BYTES as u64;
    let Some(length) = length(space, kind, address, arguments) else { return };
    let wanted = usize::try_from(length.min(most)).unwrap_or(0);
    if address == 0 || space.copy_in(address, &mut record.captures[index][..wanted]).is_err() {
        return;
    }
    record.captured[index] = u16::try_from(wanted).unwrap_or(0);
    if length > most {
        record.truncated |= 1 << index;
    }
}

/// Captures what the first of `count` iovecs name.
fn capture_vector(space: &mut AddressSpace, record: &mut TraceRecord, index: usize, count: u64) {
    let address = record.arguments[index];
    let mut filled = 0;
    for number in 0..count.min(16) {
        let Ok([base, length]) = space.read::<[u64; 2]>(address.wrapping_add(number * 16)) else { return };
        let room = TRACE_CAPTURE_BYTES - filled;
        let wanted = usize::try_from(length).unwrap_or(room).min(room);
        if space.copy_in(base, &mut record.captures[index][filled..filled + wanted]).is_err() {
            return;
        }
        filled += wanted;
        record.captured[index] = u16::try_from(filled).unwrap_or(0);
    }
}

/// How many bytes `kind` points to; `None` if it does not point to bytes that are worth showing.
fn length(space: &mut AddressSpace, kind: Argument, address: u64, arguments: &[u64; 6]) -> Option<u64> {
    let low = |index: usize| u32::try_from(arguments[index] & 0xffff_ffff).unwrap_or(0);
    match (kind, kind.commanded(arguments)) {
        (Argument::Path | Argument::Text, _) => {
            return space.string_length(address, TRACE_CAPTURE_BYTES as u64 + 1).ok();
        }
        (Argument::MessageIn | Argument::MessageOut, _) => return Some(56),
        (_, Some(Shape::Buffer(_, bytes))) => return Some(u64::from(bytes)),
        _ => {}
    }
    let (_, size) = kind.plain_buffer()?;
    Some(match size {
        Size::Fixed(bytes) => u64::from(bytes),
        Size::Argument(index) => arguments[usize::from(index)],
        Size::Elements(index, bytes) => u64::from(low(usize::from(index))).saturating_mul(u64::from(bytes)),
        Size::Behind(index, before) => arguments[usize::from(index)].saturating_add(u64::from(before)),
        Size::BitSet(index) => arguments[usize::from(index)].min(1 << 20).div_ceil(64) * 8,
        Size::Pointed(index) => u64::from(space.read::<u32>(arguments[usize::from(index)]).ok()?),
    })
}

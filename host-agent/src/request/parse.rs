//! From a copy to a request that can be relied on.

use std::ops::RangeInclusive;

use virtio_ikc::address::GuestPhysical;
use virtio_ikc::message::{BufferDescriptor, Direction, MAX_BUFFERS, Operation, Role, Segment};
use virtio_ikc::table::{Call, lookup};

use super::agreement::fits;
use super::copy::RequestCopy;
use super::violation::Violation;

/// What the parser asks of the partition's memory.
pub trait GuestMemory {
    /// Copies `into.len()` bytes at `address`.
    ///
    /// # Errors
    /// If they are not all in one region.
    #[expect(clippy::result_unit_err, reason = "there is one way to fail and the caller names it")]
    fn read(&self, address: GuestPhysical, into: &mut [u8]) -> Result<(), ()>;

    /// Whether all `length` bytes at `address` are in one region.
    fn contains(&self, address: GuestPhysical, length: u64) -> bool;
}

/// What a request asks for.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A system call, by its row.
    Call(&'static Call),
    /// Another operation that is known.
    Operation(Operation),
}

/// One buffer of a request: it fits its argument, and its segments are memory of the partition.
#[derive(Clone, Copy, Debug)]
pub struct Buffer {
    /// Which argument it stands for, 0 to 5.
    pub argument: u8,
    /// What it is to the call.
    pub role: Role,
    /// Which way its bytes go.
    pub direction: Direction,
    /// Its length, the part that the program may not access included.
    pub length: u64,
    /// How much of it the segments are: less than `length` only if the rest is to fault.
    pub accessible: u64,
    first_segment: u32,
    /// How many segments it has.
    pub segment_count: u32,
}

/// A request that has been checked.
#[derive(Clone, Copy, Debug)]
pub struct Parsed<'copy> {
    /// What it asks for.
    pub kind: Kind,
    /// The calling process.
    pub process: u32,
    /// The calling thread.
    pub thread: u32,
    /// The terminal's signals that it blocks or ignores; unknown bits count for nothing.
    pub closed_signals: u32,
    /// Its sequence number.
    pub sequence: u64,
    /// The vCPU that waits for the reply.
    pub vcpu: u32,
    /// The raw arguments.
    pub arguments: [u64; 6],
    copy: &'copy RequestCopy,
    buffers: [Buffer; MAX_BUFFERS],
    buffer_count: usize,
}

/// The operations that are no calls.
const KNOWN: RangeInclusive<u32> = Operation::INTERRUPT.0..=Operation::COMMAND_LINE.0;

const NO_BUFFER: Buffer = Buffer {
    argument: 0,
    role: Role::WHOLE,
    direction: Direction::IN,
    length: 0,
    accessible: 0,
    first_segment: 0,
    segment_count: 0,
};

impl Parsed<'_> {
    /// The buffers.
    #[must_use]
    pub fn buffers(&self) -> &[Buffer] {
        &self.buffers[..self.buffer_count]
    }

    /// The buffer of argument `argument` with role `role`.
    #[must_use]
    pub fn buffer(&self, argument: usize, role: Role) -> Option<&Buffer> {
        self.buffers().iter().find(|buffer| usize::from(buffer.argument) == argument && buffer.role == role)
    }

    /// The segments of one of its buffers.
    #[must_use]
    pub fn segments(&self, buffer: &Buffer) -> impl ExactSizeIterator<Item = Segment> + Clone + use<'_> {
        self.copy.segments(buffer.first_segment, buffer.segment_count)
    }
}

/// Checks a copied request.
///
/// # Errors
/// What is wrong with it.
pub fn parse<'copy>(copy: &'copy RequestCopy, memory: &impl GuestMemory) -> Result<Parsed<'copy>, Violation> {
    let header = copy.header();
    let kind = kind(header.operation, header.call)?;
    let buffer_count = usize::try_from(header.buffer_count).unwrap_or(usize::MAX);
    if buffer_count > MAX_BUFFERS {
        return Err(Violation::TooManyBuffers(header.buffer_count));
    }
    let mut buffers = [NO_BUFFER; MAX_BUFFERS];
    let mut next_segment = 0;
    for (index, slot) in buffers[..buffer_count].iter_mut().enumerate() {
        let described = copy.buffer(index);
        if !fits(kind, &described, &header.arguments) {
            let call = if matches!(kind, Kind::Call(_)) { header.call } else { 0 };
            return Err(Violation::BufferMismatch { buffer: index, argument: described.argument, call });
        }
        *slot = checked(copy, memory, index, &described, next_segment)?;
        next_segment += described.segment_count;
    }
    if next_segment != copy.segment_count() || has_twins(&buffers[..buffer_count]) {
        return Err(Violation::SegmentCount);
    }
    Ok(Parsed {
        kind,
        process: header.process,
        thread: header.thread,
        closed_signals: header.closed_signals,
        sequence: header.sequence,
        vcpu: header.vcpu,
        arguments: header.arguments,
        copy,
        buffers,
        buffer_count,
    })
}

fn kind(operation: Operation, call: u32) -> Result<Kind, Violation> {
    match operation {
        Operation::CALL => {
            let row = lookup(call.into()).ok_or(Violation::NoSuchCall(call))?;
            if row.is_executable() { Ok(Kind::Call(row)) } else { Err(Violation::NotOffloaded(call)) }
        }
        Operation(number) if KNOWN.contains(&number) => Ok(Kind::Operation(operation)),
        Operation(unknown) => Err(Violation::Operation(unknown)),
    }
}

fn checked(
    copy: &RequestCopy,
    memory: &impl GuestMemory,
    index: usize,
    described: &BufferDescriptor,
    first_segment: u32,
) -> Result<Buffer, Violation> {
    let left = copy.segment_count() - first_segment;
    if described.segment_count > left {
        return Err(Violation::SegmentCount);
    }
    let mut accessible: u64 = 0;
    for segment in copy.segments(first_segment, described.segment_count) {
        if segment.length == 0 || !memory.contains(segment.address, segment.length) {
            let Segment { address, length } = segment;
            return Err(Violation::SegmentOutside { address: address.as_u64(), length });
        }
        accessible = accessible.checked_add(segment.length).ok_or(Violation::BufferLength(index))?;
    }
    let adds_up = if described.faults == 0 { accessible == described.length } else { accessible <= described.length };
    if !adds_up {
        return Err(Violation::BufferLength(index));
    }
    Ok(Buffer {
        argument: described.argument,
        role: Role(described.role),
        direction: Direction(described.direction),
        length: described.length,
        accessible,
        first_segment,
        segment_count: described.segment_count,
    })
}

/// Whether two buffers claim to be the same thing.
fn has_twins(buffers: &[Buffer]) -> bool {
    let same = |one: &Buffer, other: &Buffer| one.argument == other.argument && one.role == other.role;
    buffers.iter().enumerate().any(|(index, one)| buffers[..index].iter().any(|other| same(one, other)))
}

//! What the parser lets through and what it refuses.

use proptest::prelude::*;
use virtio_ikc::address::GuestPhysical;
use virtio_ikc::message::{Direction, INLINE_SEGMENTS, MAX_BUFFERS, MAX_SEGMENTS, Operation, Request, Role};

use super::{GuestMemory, Kind, Parsed, RequestCopy, Violation, parse};
use crate::test_partition::{bytes_of, call, faulting, operation, with};

/// Guest memory of one region that begins with a request.
struct Memory(Vec<u8>);

const END: u64 = 1 << 20;
const TABLE: u64 = 4096;

impl Memory {
    fn of(request: &Request) -> Self {
        Self(bytes_of(request).to_vec())
    }

    /// The same with a table of as many segments, one byte each.
    fn with_table(request: &Request, segments: usize) -> Self {
        let mut memory = Self::of(request);
        memory.0.resize(usize::try_from(TABLE).unwrap(), 0);
        for _ in 0..segments {
            memory.0.extend(8_u64.to_le_bytes());
            memory.0.extend(1_u64.to_le_bytes());
        }
        memory
    }
}

impl GuestMemory for Memory {
    fn read(&self, address: GuestPhysical, into: &mut [u8]) -> Result<(), ()> {
        if !self.contains(address, into.len() as u64) {
            return Err(());
        }
        into.fill(0);
        let rest = usize::try_from(address.as_u64()).ok().and_then(|start| self.0.get(start..)).unwrap_or_default();
        into.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        Ok(())
    }

    fn contains(&self, address: GuestPhysical, length: u64) -> bool {
        address.checked_add(length).is_some_and(|end| end.as_u64() <= END)
    }
}

fn checked<T>(memory: &Memory, look: impl FnOnce(&Parsed<'_>) -> T) -> Result<T, Violation> {
    let mut copy = RequestCopy::default();
    copy.take(memory, GuestPhysical(0))?;
    let request = parse(&copy, memory)?;
    Ok(look(&request))
}

fn violation(request: &Request) -> Option<Violation> {
    checked(&Memory::of(request), |_| ()).err()
}

fn read(segments: &[(u64, u64)]) -> Request {
    let length = segments.iter().map(|segment| segment.1).sum();
    with(call(0, &[3, 1, length]), 1, Role::WHOLE, Direction::OUT, segments)
}

#[test]
fn a_well_formed_call_is_let_through_with_its_buffers() {
    let found = checked(&Memory::of(&read(&[(0x1000, 5), (0x3000, 7)])), |request| {
        assert!(matches!(request.kind, Kind::Call(row) if row.name == "read"));
        let buffer = request.buffer(1, Role::WHOLE).copied().unwrap();
        assert_eq!((buffer.length, buffer.accessible), (12, 12));
        request.segments(&buffer).map(|segment| (segment.address.as_u64(), segment.length)).collect::<Vec<_>>()
    });
    assert_eq!(found, Ok(vec![(0x1000, 5), (0x3000, 7)]));
}

#[test]
fn calls_that_are_not_linuxs_to_serve_are_refused() {
    assert_eq!(violation(&call(9, &[])), Some(Violation::NotOffloaded(9)));
    assert_eq!(violation(&call(59, &[])), Some(Violation::NotOffloaded(59)));
    assert_eq!(violation(&call(400, &[])), Some(Violation::NoSuchCall(400)));
    assert_eq!(violation(&operation(Operation(99), &[])), Some(Violation::Operation(99)));
    assert_eq!(violation(&operation(Operation(0), &[])), Some(Violation::Operation(0)));
}

#[test]
fn memory_outside_of_the_partition_is_refused() {
    for (address, length) in [(END, 1), (END - 1, 2), (u64::MAX, 1), (0, 0), (8, u64::MAX)] {
        let mut request = read(&[(0x1000, 5)]);
        request.segments[0].address = GuestPhysical(address);
        request.segments[0].length = length;
        request.buffers[0].length = length;
        assert_eq!(violation(&request), Some(Violation::SegmentOutside { address, length }));
    }
}

#[test]
fn buffers_must_fit_their_arguments() {
    let mismatch = |request: Request| {
        assert!(matches!(violation(&request), Some(Violation::BufferMismatch { buffer: 0, .. })), "{request:?}");
    };
    let at = |argument, role, direction| with(call(0, &[3, 1, 1]), argument, role, direction, &[(8, 1)]);
    mismatch(at(0, Role::WHOLE, Direction::OUT));
    mismatch(at(1, Role::WHOLE, Direction::IN));
    mismatch(at(1, Role::STRING, Direction::OUT));
    mismatch(at(1, Role(9), Direction::OUT));
    mismatch(at(1, Role::WHOLE, Direction(0)));
    mismatch(at(6, Role::WHOLE, Direction::OUT));
    mismatch(at(255, Role::WHOLE, Direction::OUT));
    let value_of_ioctl = call(16, &[3, 0x540b, 1]);
    mismatch(with(value_of_ioctl, 2, Role::WHOLE, Direction::IN, &[(8, 1)]));
    let unknown_ioctl = call(16, &[3, 0xdead_beef, 1 << 40]);
    mismatch(with(unknown_ioctl, 2, Role::WHOLE, Direction::IN, &[(8, 1)]));
    mismatch(with(operation(Operation::EXIT, &[]), 0, Role::WHOLE, Direction::IN, &[(8, 1)]));
}

#[test]
fn lengths_must_add_up_unless_the_rest_faults() {
    let mut request = read(&[(0x1000, 5)]);
    request.buffers[0].length = 6;
    assert_eq!(violation(&request), Some(Violation::BufferLength(0)));
    request.buffers[0].length = 4;
    assert_eq!(violation(&request), Some(Violation::BufferLength(0)));
    assert_eq!(violation(&faulting(read(&[(0x1000, 5)]), 100)), None);
    let mut request = faulting(read(&[(0x1000, 5)]), 0);
    request.buffers[0].length = 4;
    assert_eq!(violation(&request), Some(Violation::BufferLength(0)));
}

#[test]
fn segments_must_be_used_up_exactly() {
    let mut request = read(&[(0x1000, 5), (0x2000, 5)]);
    request.buffers[0].segment_count = 1;
    request.buffers[0].length = 5;
    assert_eq!(violation(&request), Some(Violation::SegmentCount));
    request.buffers[0].segment_count = 3;
    assert_eq!(violation(&request), Some(Violation::SegmentCount));
    request.buffers[0].segment_count = u32::MAX;
    assert_eq!(violation(&request), Some(Violation::SegmentCount));
}

#[test]
fn an_argument_has_one_buffer_of_a_kind() {
    let request = with(read(&[(8, 1)]), 1, Role::WHOLE, Direction::OUT, &[(9, 1)]);
    assert_eq!(violation(&request), Some(Violation::SegmentCount));
}

#[test]
fn counts_are_bounded() {
    let mut request = read(&[(8, 1)]);
    request.header.buffer_count = 9;
    assert_eq!(violation(&request), Some(Violation::TooManyBuffers(9)));
    let mut request = read(&[(8, 1)]);
    request.header.segment_count = 49;
    assert_eq!(violation(&request), Some(Violation::TooManySegments(49)));
    request.header.segment_table = TABLE;
    request.header.segment_count = u32::try_from(MAX_SEGMENTS).unwrap() + 1;
    assert_eq!(violation(&request), Some(Violation::TooManySegments(16_385)));
    request.header.segment_count = 1000;
    request.header.segment_table = END - 15_999;
    assert_eq!(violation(&request), Some(Violation::TableOutside(END - 15_999)));
}

#[test]
fn the_longest_table_is_let_through() {
    let mut request = read(&[]);
    request.header.segment_table = TABLE;
    request.header.segment_count = 16_384;
    request.buffers[0].segment_count = 16_384;
    request.buffers[0].length = 16_384;
    let memory = Memory::with_table(&request, MAX_SEGMENTS);
    let found = checked(&memory, |request| request.segments(&request.buffers()[0]).count());
    assert_eq!(found, Ok(MAX_SEGMENTS));
}

#[test]
fn a_block_at_the_end_of_memory_is_refused() {
    let mut copy = RequestCopy::default();
    let memory = Memory(Vec::new());
    let taken = copy.take(&memory, GuestPhysical(END - 64));
    assert_eq!(taken, Err(Violation::BlockOutside(END - 64)));
    assert!(copy.take(&memory, GuestPhysical(u64::MAX - 8)).is_err());
}

/// A request in which everything is nearly right.
fn nearly_right() -> impl Strategy<Value = Vec<u8>> {
    let number = prop_oneof![0_u32..470, any::<u32>()];
    let segment = (0..END, prop_oneof![0_u64..64, any::<u64>()]);
    let buffer = (0_u8..7, 0_u8..7, 0_u8..4, 0_u8..2, 0_u32..4, prop_oneof![0_u64..256, any::<u64>()]);
    let buffers = prop::collection::vec(buffer, MAX_BUFFERS);
    let segments = prop::collection::vec(segment, INLINE_SEGMENTS);
    let counts = (0_u32..50, 0_u32..10, prop_oneof![Just(0_u64), Just(TABLE), any::<u64>()]);
    (1_u32..20, number, any::<[u64; 6]>(), buffers, segments, counts).prop_map(
        |(operation, number, arguments, buffers, segments, (segment_count, buffer_count, table))| {
            let mut request = Request::EMPTY;
            request.header.operation = operation;
            request.header.call = number;
            request.header.arguments = arguments;
            request.header.segment_count = segment_count;
            request.header.buffer_count = buffer_count;
            request.header.segment_table = table;
            for (place, (argument, role, direction, faults, count, length)) in request.buffers.iter_mut().zip(buffers) {
                (place.argument, place.role, place.direction) = (argument, role, direction);
                (place.faults, place.segment_count, place.length) = (faults, count, length);
            }
            for (place, (address, length)) in request.segments.iter_mut().zip(segments) {
                (place.address, place.length) = (GuestPhysical(address), length);
            }
            bytes_of(&request).to_vec()
        },
    )
}

proptest! {
    #[test]
    fn whatever_is_let_through_keeps_its_promises(bytes in nearly_right()) {
        let memory = Memory(bytes);
        let _ = checked(&memory, |request| {
            for buffer in request.buffers() {
                let segments = request.segments(buffer);
                assert_eq!(segments.len(), buffer.segment_count as usize);
                assert!(segments.clone().all(|segment| memory.contains(segment.address, segment.length)));
                assert_eq!(segments.map(|segment| segment.length).sum::<u64>(), buffer.accessible);
                assert!(buffer.accessible <= buffer.length && buffer.argument < 6);
            }
        });
    }

    #[test]
    fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..1200)) {
        let _ = checked(&Memory(bytes), |_| ());
    }
}

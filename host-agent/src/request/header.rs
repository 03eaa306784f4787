//! The fixed head of a request.

use std::mem::offset_of;

use virtio_ikc::message::{Operation, REQUEST_BYTES, RequestHeader};

use super::copy::{u32_at, u64_at};

pub(super) const SEGMENT_TABLE_OFFSET: usize = offset_of!(RequestHeader, segment_table);
pub(super) const SEGMENT_COUNT_OFFSET: usize = offset_of!(RequestHeader, segment_count);

/// What the rest of the agent needs of a [`RequestHeader`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) operation: Operation,
    pub(super) call: u32,
    pub(super) process: u32,
    pub(super) thread: u32,
    pub(super) sequence: u64,
    pub(super) arguments: [u64; 6],
    pub(super) buffer_count: u32,
    pub(super) vcpu: u32,
    pub(super) closed_signals: u32,
}

impl Header {
    pub(super) fn of(bytes: &[u8; REQUEST_BYTES]) -> Self {
        let arguments = offset_of!(RequestHeader, arguments);
        Self {
            operation: Operation(u32_at(bytes, offset_of!(RequestHeader, operation))),
            call: u32_at(bytes, offset_of!(RequestHeader, call)),
            process: u32_at(bytes, offset_of!(RequestHeader, process)),
            thread: u32_at(bytes, offset_of!(RequestHeader, thread)),
            sequence: u64_at(bytes, offset_of!(RequestHeader, sequence)),
            arguments: std::array::from_fn(|position| u64_at(bytes, arguments + 8 * position)),
            buffer_count: u32_at(bytes, offset_of!(RequestHeader, buffer_count)),
            vcpu: u32_at(bytes, offset_of!(RequestHeader, vcpu)),
            closed_signals: u32_at(bytes, offset_of!(RequestHeader, closed_signals)),
        }
    }
}

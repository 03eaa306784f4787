//! Copies between a request's buffers and our own memory.

use virtio_ikc::message::Segment;

use super::{Executor, Refusal};
use crate::memory::{HostRun, Partition};
use crate::request::{Buffer, Parsed, Violation};

/// The host memory of a segment. The parser has seen that it is the partition's.
pub(super) fn host_run(memory: &Partition, segment: Segment) -> Result<HostRun, Violation> {
    let Segment { address, length } = segment;
    let outside = Violation::SegmentOutside { address: address.as_u64(), length };
    memory.check(address, length).ok_or(outside)
}

impl Executor {
    /// Copies from the start of `buffer`, as many bytes as `into` has or as are accessible.
    pub(super) fn copy_in(&mut self, request: &Parsed<'_>, buffer: &Buffer, into: &mut [u8]) -> Result<(), Refusal> {
        copy_in(self.proxy.memory, request, buffer, into)
    }

    /// Copies `from` to the start of `buffer`, as much of it as is accessible.
    pub(super) fn copy_out(&mut self, request: &Parsed<'_>, buffer: &Buffer, from: &[u8]) -> Result<(), Refusal> {
        copy_out(self.proxy.memory, request, buffer, from)
    }
}

pub(super) fn copy_in(
    memory: &Partition,
    request: &Parsed<'_>,
    buffer: &Buffer,
    mut into: &mut [u8],
) -> Result<(), Refusal> {
    for segment in request.segments(buffer) {
        if into.is_empty() {
            break;
        }
        let run = host_run(memory, segment)?;
        let (part, rest) = into.split_at_mut(run.length().min(into.len()));
        run.read(part)?;
        into = rest;
    }
    Ok(())
}

pub(super) fn copy_out(
    memory: &Partition,
    request: &Parsed<'_>,
    buffer: &Buffer,
    mut from: &[u8],
) -> Result<(), Refusal> {
    for segment in request.segments(buffer) {
        if from.is_empty() {
            break;
        }
        let run = host_run(memory, segment)?;
        let (part, rest) = from.split_at(run.length().min(from.len()));
        run.write(part)?;
        from = rest;
    }
    Ok(())
}

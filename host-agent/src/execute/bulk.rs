//! Calls that move a file's bytes, where the bytes lie in many pieces.
//!
//! A buffer in one piece goes the general way, and so does one that is short enough to be copied. Otherwise the same
//! bytes are moved by the vector form of the call; where the program may not access the end of the buffer, the
//! vector ends with memory that faults.

use virtio_ikc::message::Role;

use super::call::generic;
use super::frame::Frame;
use super::vectors::{self, Vectors};
use super::{Refusal, messages, views};
use crate::arch::Argument;
use crate::request::{Buffer, number_of};

/// Buffers of at most this many bytes are copied when they lie in pieces.
const COPIED_BYTES: u64 = 64 << 10;

/// Bytes that a process can address (TASK_SIZE_MAX).
const ADDRESSES: u64 = (1 << 47) - 4096;

/// read(2), write(2), pread(2), pwrite(2).
pub(super) fn file(frame: &mut Frame<'_, '_>) -> Result<i64, Refusal> {
    if views::is_for_the_lwk(frame) {
        return Ok(0);
    }
    let Some((buffer, length)) = scattered(frame) else { return generic(frame) };
    frame.place_all_but(1)?;
    if length > ADDRESSES {
        // No memory can be so long: Linux decides what is wrong with it.
        frame.arguments[1] = Argument::faulting();
        return frame.run();
    }
    let form = match i64::from(frame.call.number) {
        libc::SYS_read => vectors::Form::READ,
        libc::SYS_write => vectors::Form::WRITE,
        libc::SYS_pread64 => vectors::Form::READ_AT,
        _ => vectors::Form::WRITE_AT,
    };
    let vectors = Vectors::of(frame, &buffer, length)?;
    Ok(vectors::transfer(frame, form, &vectors))
}

/// sendto(2), recvfrom(2).
pub(super) fn socket(frame: &mut Frame<'_, '_>) -> Result<i64, Refusal> {
    let Some((buffer, length)) = scattered(frame) else { return generic(frame) };
    let vectors = Vectors::of(frame, &buffer, length)?;
    messages::with_address(frame, &vectors)
}

/// The buffer and how much of it Linux looks at, if the general way does not serve it.
fn scattered(frame: &Frame<'_, '_>) -> Option<(Buffer, u64)> {
    let buffer = *frame.request.buffer(1, Role::WHOLE)?;
    let length = number_of(frame.call, 2, &frame.request.arguments);
    let simple = buffer.segment_count <= 1 && buffer.accessible >= length;
    let short = buffer.accessible.min(length) <= COPIED_BYTES;
    (!simple && !short).then_some((buffer, length))
}

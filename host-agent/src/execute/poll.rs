//! poll(2), ppoll(2): descriptors are named in memory, so that memory is copied before it is looked at.

use virtio_ikc::message::Role;

use super::Refusal;
use super::frame::Frame;
use crate::own_descriptors::is_own;
use crate::request::number_of;

/// Bytes of a `struct pollfd`; the descriptor comes first.
const ENTRY_BYTES: usize = 8;
/// A descriptor that no process can have; poll(2) answers POLLNVAL for it.
const NO_DESCRIPTOR: i32 = i32::MAX;

/// poll(2), ppoll(2).
pub(super) fn execute(frame: &mut Frame<'_, '_>) -> Result<i64, Refusal> {
    if let Some(buffer) = frame.request.buffer(0, Role::WHOLE).copied().filter(|buffer| buffer.segment_count > 0) {
        let count = number_of(frame.call, 1, &frame.request.arguments);
        frame.arguments[0] = frame.bounce(0, &buffer, count.saturating_mul(ENTRY_BYTES as u64))?;
    }
    frame.place_all()?;
    let hidden = hide_own(frame);
    let result = frame.execute();
    for (index, descriptor) in hidden {
        if let Some(entry) = frame.bytes(0).and_then(|bytes| bytes.chunks_exact_mut(ENTRY_BYTES).nth(index)) {
            entry[..4].copy_from_slice(&descriptor.to_le_bytes());
        }
    }
    frame.copy_back(result)?;
    Ok(result)
}

/// Replaces descriptors that are the agent's; answers which.
fn hide_own(frame: &mut Frame<'_, '_>) -> Vec<(usize, i32)> {
    let mut hidden = Vec::new();
    let Some(bytes) = frame.bytes(0) else { return hidden };
    for (index, entry) in bytes.chunks_exact_mut(ENTRY_BYTES).enumerate() {
        let Some(place) = entry.first_chunk_mut() else { continue };
        let descriptor = i32::from_le_bytes(*place);
        if is_own(descriptor.cast_unsigned().into()) {
            *place = NO_DESCRIPTOR.to_le_bytes();
            hidden.push((index, descriptor));
        }
    }
    hidden
}

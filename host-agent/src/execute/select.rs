//! select(2), pselect6(2): the sets are copied, and none may name a descriptor of the agent.

use virtio_ikc::message::Role;

use super::Refusal;
use super::frame::Frame;
use crate::own_descriptors::own_below;

/// select(2), pselect6(2).
pub(super) fn execute(frame: &mut Frame<'_, '_>) -> Result<i64, Refusal> {
    let count = frame.low(0).cast_signed();
    let bits = u64::try_from(count).unwrap_or(0);
    if own_below(bits).next().is_some() {
        for position in 1..=3 {
            let Some(buffer) = frame.request.buffer(position, Role::WHOLE).copied() else { continue };
            if buffer.segment_count > 0 {
                frame.arguments[position] = frame.bounce(position, &buffer, bits.div_ceil(64) * 8)?;
            }
        }
    }
    frame.place_all()?;
    for position in 1..=3 {
        let Some(set) = frame.bytes(position) else { continue };
        let byte = |number: u64| usize::try_from(number / 8).ok().and_then(|index| set.get(index));
        let named = |number: u64| byte(number).is_some_and(|byte| (byte >> (number % 8)) & 1 != 0);
        if own_below(bits).any(named) {
            return Err(Refusal::Errno(libc::EBADF));
        }
    }
    frame.run()
}

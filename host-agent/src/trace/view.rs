//! A record together with the row of its call.

use super::bytes::{low_half, low_int};
use virtio_ikc::message::{TRACE_CAPTURE_BYTES, TraceRecord};
use virtio_ikc::table::{Argument, Call};

/// What is printed.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) record: &'a TraceRecord,
    pub(super) call: &'static Call,
}

impl<'a> View<'a> {
    /// Argument `position` as the program gave it.
    pub(super) fn argument(self, position: usize) -> u64 {
        self.record.arguments.get(position).copied().unwrap_or_default()
    }

    /// What argument `position` points to, as far as it was captured.
    pub(super) fn capture(self, position: usize) -> &'a [u8] {
        let (Some(bytes), Some(length)) = (self.record.captures.get(position), self.record.captured.get(position))
        else {
            return &[];
        };
        &bytes[..usize::from(*length).min(TRACE_CAPTURE_BYTES)]
    }

    /// Whether argument `position` points to more than was captured.
    pub(super) fn is_truncated(self, position: usize) -> bool {
        u32::try_from(position)
            .is_ok_and(|bit| self.record.truncated.checked_shr(bit).is_some_and(|bits| bits & 1 == 1))
    }

    /// What the call answered if it has returned and did not fail: errors are the numbers from -4095 to -1.
    pub(super) fn success(self) -> Option<u64> {
        let failed = self.record.returned == 0 || (-4095..0).contains(&self.record.result);
        (!failed).then(|| u64::from_le_bytes(self.record.result.to_le_bytes()))
    }

    /// The number in argument `position`, as wide as Linux takes it.
    pub(super) fn count(self, position: usize) -> u64 {
        match self.call.arguments.get(position) {
            Some(Argument::Int) => low_half(self.argument(position)).into(),
            _ => self.argument(position),
        }
    }

    /// The low 32 bits of argument `position`, signed.
    pub(super) fn int(self, position: usize) -> i32 {
        low_int(self.argument(position))
    }

    /// Whether another argument gives its length by argument `position`.
    pub(super) fn is_length(self, position: usize) -> bool {
        let names = |argument: &Argument| argument.length_position().map(usize::from) == Some(position);
        self.call.arguments.iter().any(names)
    }
}

/// `bytes` cut to `length`.
pub(super) fn cut(bytes: &[u8], length: u64) -> &[u8] {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    bytes.get(..length).unwrap_or(bytes)
}

//! How many bytes Linux may touch behind a pointer, computed from the arguments that Linux is given, never from what
//! the LWK says about the buffer.

use virtio_ikc::table::{Argument, Call, Size};

/// How many bytes Linux may touch behind a pointer argument.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Needed {
    /// This many, at most.
    Bytes(u64),
    /// As many as the 32-bit number says that this argument points to.
    Pointed(u8),
}

impl Needed {
    /// What a size means in a call with these arguments.
    pub(crate) fn of(call: &Call, size: Size, arguments: &[u64; 6]) -> Self {
        match size {
            Size::Fixed(bytes) => Self::Bytes(bytes.into()),
            Size::Argument(position) => Self::Bytes(number_of(call, position, arguments)),
            Size::Elements(position, bytes) => {
                Self::Bytes(number_of(call, position, arguments).saturating_mul(bytes.into()))
            }
            Size::Behind(position, before) => {
                Self::Bytes(number_of(call, position, arguments).saturating_add(before.into()))
            }
            Size::BitSet(position) => Self::Bytes(number_of(call, position, arguments).div_ceil(64).saturating_mul(8)),
            Size::Pointed(position) => Self::Pointed(position),
        }
    }
}

/// The number in argument `position` as Linux takes it: the low 32 bits if it is an int. A negative int is large, so
/// that whatever Linux takes it for is not more.
pub(crate) fn number_of(call: &Call, position: u8, arguments: &[u64; 6]) -> u64 {
    let number = arguments.get(usize::from(position)).copied().unwrap_or(u64::MAX);
    match call.arguments.get(usize::from(position)) {
        Some(Argument::Int) => number & u64::from(u32::MAX),
        _ => number,
    }
}

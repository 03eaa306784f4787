//! Arguments that Linux takes as an `int`: the low half of the register, whatever the rest holds.

/// The low half of an argument.
#[expect(clippy::cast_possible_truncation, reason = "Linux takes the low half, too")]
pub(crate) const fn low(argument: u64) -> u32 {
    argument as u32
}

/// The low half of an argument as a signed number.
pub(crate) const fn int(argument: u64) -> i32 {
    low(argument).cast_signed()
}

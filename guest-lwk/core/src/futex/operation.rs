//! The operand of `FUTEX_WAKE_OP`: a change to a word and a question about what it was before.

/// The operand asks for something that does not exist: ENOSYS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsupported;

/// The bit that makes the operand the number of a bit: `FUTEX_OP_OPARG_SHIFT`, moved to its place.
const OPERAND_IS_SHIFT: u32 = 8 << 28;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Set,
    Add,
    Or,
    AndNot,
    Xor,
}

/// A decoded operand (futex(2), `FUTEX_WAKE_OP`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WakeOperation {
    change: Change,
    operand: u32,
    comparison: u32,
    compared: i32,
}

impl WakeOperation {
    /// Decodes `encoded`. Both arguments are signed numbers of 12 bits; a shift is taken modulo 32, as Linux does after
    /// it has complained.
    ///
    /// # Errors
    /// [`Unsupported`] for a change that does not exist; the word stays as it is then.
    pub const fn decode(encoded: u32) -> Result<Self, Unsupported> {
        let change = match (encoded >> 28) & 7 {
            0 => Change::Set,
            1 => Change::Add,
            2 => Change::Or,
            3 => Change::AndNot,
            4 => Change::Xor,
            _ => return Err(Unsupported),
        };
        let argument = sign_extended(encoded >> 12).cast_unsigned();
        let operand = if encoded & OPERAND_IS_SHIFT == 0 { argument } else { 1 << (argument & 31) };
        Ok(Self { change, operand, comparison: (encoded >> 24) & 15, compared: sign_extended(encoded) })
    }

    /// What the word becomes.
    #[must_use]
    pub const fn apply(&self, old: u32) -> u32 {
        match self.change {
            Change::Set => self.operand,
            Change::Add => old.wrapping_add(self.operand),
            Change::Or => old | self.operand,
            Change::AndNot => old & !self.operand,
            Change::Xor => old ^ self.operand,
        }
    }

    /// Whether the waiters for the changed word are woken too, given what it was before.
    ///
    /// # Errors
    /// [`Unsupported`] for a comparison that does not exist. Linux finds that out when the word is already changed.
    pub const fn holds(&self, old: u32) -> Result<bool, Unsupported> {
        let old = old.cast_signed();
        Ok(match self.comparison {
            0 => old == self.compared,
            1 => old != self.compared,
            2 => old < self.compared,
            3 => old <= self.compared,
            4 => old > self.compared,
            5 => old >= self.compared,
            _ => return Err(Unsupported),
        })
    }
}

/// The low 12 bits as a signed number.
const fn sign_extended(bits: u32) -> i32 {
    (bits << 20).cast_signed() >> 20
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `FUTEX_OP()` of <linux/futex.h>.
    const fn encode(operation: u32, operand: u32, comparison: u32, compared: u32) -> u32 {
        (operation << 28) | (comparison << 24) | ((operand & 0xfff) << 12) | (compared & 0xfff)
    }

    fn decoded(operation: u32, operand: u32) -> WakeOperation {
        WakeOperation::decode(encode(operation, operand, 0, 0)).expect("the operation exists")
    }

    #[test]
    fn each_change_is_made() {
        assert_eq!(decoded(0, 5).apply(9), 5);
        assert_eq!(decoded(1, 5).apply(u32::MAX), 4);
        assert_eq!(decoded(2, 5).apply(8), 13);
        assert_eq!(decoded(3, 5).apply(15), 10);
        assert_eq!(decoded(4, 5).apply(6), 3);
    }

    #[test]
    fn operands_are_signed_numbers_of_12_bits() {
        assert_eq!(decoded(0, 0xfff).apply(0), u32::MAX);
        assert_eq!(decoded(1, 0x800).apply(0x800), 0);
        assert_eq!(decoded(0, 0x7ff).apply(0), 0x7ff);
    }

    #[test]
    fn a_shifted_operand_is_a_bit() {
        assert_eq!(decoded(8, 31).apply(0), 1 << 31);
        assert_eq!(decoded(8, 33).apply(0), 2);
        assert_eq!(decoded(8, 0xfff).apply(0), 1 << 31);
    }

    #[test]
    fn comparisons_are_signed() {
        let holds =
            |comparison, old| WakeOperation::decode(encode(0, 0, comparison, 0xffe)).expect("it exists").holds(old);
        let minus_two = u32::MAX - 1;
        assert_eq!(
            [0, 1, 2, 3, 4, 5].map(|which| holds(which, minus_two)),
            [true, false, false, true, false, true].map(Ok)
        );
        assert_eq!([0, 1, 2, 3, 4, 5].map(|which| holds(which, 7)), [false, true, false, false, true, true].map(Ok));
        assert_eq!(
            [0, 1, 2, 3, 4, 5].map(|which| holds(which, 1 << 31)),
            [false, true, true, true, false, false].map(Ok)
        );
    }

    #[test]
    fn what_does_not_exist_is_unsupported() {
        for operation in [5, 6, 7, 13] {
            assert_eq!(WakeOperation::decode(encode(operation, 0, 0, 0)), Err(Unsupported));
        }
        for comparison in 6..16 {
            let operation = WakeOperation::decode(encode(1, 1, comparison, 0)).expect("the change exists");
            assert_eq!((operation.apply(1), operation.holds(1)), (2, Err(Unsupported)));
        }
    }
}

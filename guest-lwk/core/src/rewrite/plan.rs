//! Whether a `syscall` can be replaced, and by jumps to where.

use super::instruction::movable_length;

/// Bytes that a jump with a displacement of 32 bits has, and so how much is replaced.
pub const PATCH_BYTES: usize = 5;
const SYSCALL_BYTES: usize = 2;
/// JMP rel32.
const JUMP: u8 = 0xe9;
/// What the first instruction behind the `syscall` has to be followed by at least, for the jump to fit.
const LEAST_BYTES: usize = PATCH_BYTES - SYSCALL_BYTES;
/// The most that is moved.
pub(super) const MOST_BYTES: usize = 12;

/// Bytes that no instruction begins with in 64-bit mode, whatever follows: executing one is #UD (Intel SDM vol. 2, table A-2). In the
/// order in which they are tried as the highest byte: far below the program first, where little is; then far above.
pub const INVALID: [u8; 16] =
    [0x9a, 0xce, 0xd4, 0xd6, 0xea, 0x60, 0x61, 0x3f, 0x37, 0x2f, 0x27, 0x1f, 0x1e, 0x17, 0x16, 0x0e];

/// What is to be done about one `syscall`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Plan {
    /// How many bytes behind the `syscall` are moved: whole instructions.
    pub length: usize,
    /// At which of the first bytes behind the `syscall`, which the jump covers, an instruction begins.
    begins: [bool; LEAST_BYTES],
}

impl Plan {
    /// The plan for a `syscall` that `behind` follows; `None` if it must stay.
    #[must_use]
    pub fn of(behind: &[u8]) -> Option<Self> {
        let mut begins = [false; LEAST_BYTES];
        let mut length = 0;
        let mut returned = false;
        while length < LEAST_BYTES {
            begins[length] = true;
            let rest = &behind[length..];
            // Behind a RET only what is padding for sure is taken for an instruction.
            if returned && !matches!(rest.first()?, 0x90 | 0x66 | 0x2e | 0x0f) {
                return None;
            }
            returned |= rest.first() == Some(&0xc3);
            length += movable_length(rest)?;
        }
        (length <= MOST_BYTES).then_some(Self { length, begins })
    }

    /// Whether a jump by `displacement` is one into whose middle a program may jump.
    #[must_use]
    pub fn allows(&self, displacement: i32) -> bool {
        let bytes = displacement.to_le_bytes();
        self.begins.iter().zip(&bytes[1..]).all(|(begins, byte)| !begins || INVALID.contains(byte))
    }

    /// Where trampolines may begin for the `syscall` that ends at `behind`: the first of 256 addresses each, likely places first.
    pub fn places(behind: u64) -> impl Iterator<Item = u64> {
        let end = behind + LEAST_BYTES as u64;
        INVALID.into_iter().flat_map(move |high| {
            INVALID.into_iter().flat_map(move |middle| {
                INVALID.into_iter().filter_map(move |low| {
                    let displacement = i32::from_le_bytes([0, low, middle, high]);
                    end.checked_add_signed(displacement.into())
                })
            })
        })
    }

    /// The displacement of the jump from the `syscall` that ends at `behind` to `trampoline`, if that is allowed.
    #[must_use]
    pub fn displacement(&self, behind: u64, trampoline: u64) -> Option<i32> {
        let end = behind.checked_add(LEAST_BYTES as u64)?;
        let displacement = i32::try_from(trampoline.wrapping_sub(end).cast_signed()).ok()?;
        self.allows(displacement).then_some(displacement)
    }

    /// Whether a program may jump to `offset` bytes behind the `syscall` and find an invalid byte there.
    #[must_use]
    pub fn begins_at(&self, offset: u64) -> bool {
        usize::try_from(offset).ok().and_then(|offset| self.begins.get(offset)).is_some_and(|begins| *begins)
    }

    /// The bytes that replace the `syscall`.
    #[must_use]
    pub fn patch(displacement: i32) -> [u8; PATCH_BYTES] {
        let [a, b, c, d] = displacement.to_le_bytes();
        [JUMP, a, b, c, d]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use iced_x86::{Decoder, DecoderOptions};

    const COMPARE: [u8; 8] = [0x48, 0x3d, 0x00, 0xf0, 0xff, 0xff, 0x77, 0x01];

    #[test]
    fn no_instruction_begins_with_an_invalid_byte() {
        for byte in INVALID {
            for second in 0..=255 {
                let bytes = [byte, second, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90];
                assert!(Decoder::new(64, &bytes, DecoderOptions::NONE).decode().is_invalid(), "{byte:x} {second:x}");
            }
        }
    }

    #[test]
    fn one_long_instruction_leaves_two_bytes_of_the_jump_free() {
        let plan = Plan::of(&COMPARE).unwrap();
        assert_eq!(plan.length, 6);
        assert!(plan.begins_at(0) && !plan.begins_at(1) && !plan.begins_at(6));
        assert!(plan.allows(i32::from_le_bytes([1, 0x60, 3, 4])));
        assert!(!plan.allows(i32::from_le_bytes([1, 2, 0x60, 4])));
    }

    #[test]
    fn behind_a_return_only_padding_counts() {
        let padded = Plan::of(&[0xc3, 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0, 0x55]).unwrap();
        assert_eq!(padded.length, 11);
        assert!(padded.allows(i32::from_le_bytes([0, 0x0e, 0x0e, 0])));
        assert_eq!(Plan::of(&[0xc3, 0x48, 0x89, 0xc7, 0x90]), None);
        let short = Plan::of(&[0xc3, 0x90, 0x90, 0x90]).unwrap();
        assert!(short.begins_at(0) && short.begins_at(1) && short.begins_at(2));
    }

    #[test]
    fn a_branch_or_the_end_of_what_is_known_forbids_it() {
        assert_eq!(Plan::of(&[0x85, 0xc0, 0x75, 0x10, 0x90]), None);
        assert_eq!(Plan::of(&COMPARE[..5]), None);
        assert_eq!(Plan::of(&[]), None);
    }

    #[test]
    fn every_place_is_allowed_for_every_plan() {
        let plan = Plan::of(&[0xc3, 0x90, 0x90, 0x90]).unwrap();
        let behind = 0x7f00_1234_5678_u64;
        let places: Vec<u64> = Plan::places(behind).collect();
        assert_eq!(places.len(), 16 * 16 * 16);
        for place in places {
            let displacement = plan.displacement(behind, place + 255).unwrap();
            assert_eq!(behind.wrapping_add(3).wrapping_add_signed(displacement.into()), place + 255);
        }
        // Of a program at the bottom of the address space those below it are none.
        assert!(Plan::places(0x40_1000).all(|place| place > 0x40_1000));
    }
}

//! Whether a `syscall` can be replaced, and by jumps to where.

use super::instruction::movable_length;

/// Bytes that a jump with a displacement of 32 bits has, and so how much is replaced.
pub const PATCH_BYTES: usize = 5;
/// Bytes of a `syscall`.
pub(super) const SYSCALL_BYTES: usize = 2;
/// JMP rel32.
const JUMP: u8 = 0xe9;
/// JMP rel8, and its bytes.
const SHORT_JUMP: u8 = 0xeb;
const SHORT_JUMP_BYTES: isize = 2;
const RETURN: u8 = 0xc3;
/// What the first instruction behind the `syscall` has to be followed by at least, for the jump to fit.
const LEAST_BYTES: usize = PATCH_BYTES - SYSCALL_BYTES;
/// The most that is moved from behind.
pub(super) const MOST_BYTES: usize = 12;
/// The most that is moved from in front: no more is covered by the jump. A single byte is too few, for the `syscall` would begin at the byte
/// of the displacement that says where within 256 bytes the trampoline is.
pub(super) const MOST_BEFORE: usize = PATCH_BYTES - SYSCALL_BYTES;
const LEAST_BEFORE: usize = 2;

/// Bytes that no instruction begins with in 64-bit mode, whatever follows: executing one is #UD (Intel SDM vol. 2, table A-2). In the
/// order in which they are tried as the highest byte: far below the program first, where little is; then far above.
pub const INVALID: [u8; 16] =
    [0x9a, 0xce, 0xd4, 0xd6, 0xea, 0x60, 0x61, 0x3f, 0x37, 0x2f, 0x27, 0x1f, 0x1e, 0x17, 0x16, 0x0e];

/// What is to be done about one `syscall`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Plan {
    /// How many bytes in front of the `syscall` are moved: whole instructions. The jump begins there.
    pub before: usize,
    /// How many bytes behind the `syscall` are moved: whole instructions.
    pub length: usize,
    /// Where the program goes on when it has executed what was moved, in bytes from the end of the `syscall`.
    pub next: isize,
    /// At which bytes that the jump covers an instruction begins.
    begins: [bool; PATCH_BYTES],
}

impl Plan {
    /// The plan for the `syscall` at offset `at` of `code`; `None` if it must stay.
    #[must_use]
    pub fn of(code: &[u8], at: usize) -> Option<Self> {
        let behind = code.get(at + SYSCALL_BYTES..)?;
        Self::moving_behind(behind).or_else(|| Self::moving_before(code, at))
    }

    /// The plan for one that does not return, as that of exit(2): nobody has shown that what is behind it is code, unless it is a jump back to
    /// the instructions in front of it.
    #[must_use]
    pub fn of_last(code: &[u8], at: usize) -> Option<Self> {
        Self::moving_before(code, at)
    }

    /// Moves what is behind.
    fn moving_behind(behind: &[u8]) -> Option<Self> {
        let mut begins = [true, false, false, false, false];
        let mut length = 0;
        let mut returned = false;
        while length < LEAST_BYTES {
            begins[SYSCALL_BYTES + length] = true;
            let rest = &behind[length..];
            // Behind a RET only what is padding for sure is taken for an instruction.
            if returned && !matches!(rest.first()?, 0x90 | 0x66 | 0x2e | 0x0f) {
                return None;
            }
            returned |= rest.first() == Some(&RETURN);
            length += movable_length(rest)?;
        }
        (length <= MOST_BYTES).then_some(Self { before: 0, length, next: length.cast_signed(), begins })
    }

    /// Moves what is in front of the `syscall` at `at`, if a short jump behind it leads there, as in the loop around exit(2): whoever follows
    /// that jump executes one instruction after the other from its target on, so it is known where each of them begins.
    fn moving_before(code: &[u8], at: usize) -> Option<Self> {
        let end = at + SYSCALL_BYTES;
        let [SHORT_JUMP, distance, ..] = *code.get(end..)? else { return None };
        let next = SHORT_JUMP_BYTES + isize::from(distance.cast_signed());
        let mut place = end.checked_add_signed(next).filter(|target| *target < at)?;
        let mut start = None;
        let mut begins = [false; PATCH_BYTES];
        while place < at {
            if at - place <= MOST_BEFORE {
                begins[place - *start.get_or_insert(place)] = true;
            }
            if code[place] == RETURN {
                return None;
            }
            place += movable_length(&code[place..at])?;
        }
        let before = at - start.filter(|start| at - start >= LEAST_BEFORE)?;
        for begin in [before, before + SYSCALL_BYTES].into_iter().filter(|begin| *begin < PATCH_BYTES) {
            begins[begin] = true;
        }
        Some(Self { before, length: 0, next, begins })
    }

    /// Whether a jump by `displacement` is one into whose middle a program may jump.
    #[must_use]
    pub fn allows(&self, displacement: i32) -> bool {
        let bytes = displacement.to_le_bytes();
        self.begins[1..].iter().zip(&bytes).all(|(begins, byte)| !begins || INVALID.contains(byte))
    }

    /// Where trampolines may begin for a jump at `start`: the first of 256 addresses each, likely places first.
    pub fn places(start: u64) -> impl Iterator<Item = u64> {
        let end = start + PATCH_BYTES as u64;
        INVALID.into_iter().flat_map(move |high| {
            INVALID.into_iter().flat_map(move |middle| {
                INVALID.into_iter().filter_map(move |low| {
                    let displacement = i32::from_le_bytes([0, low, middle, high]);
                    end.checked_add_signed(displacement.into())
                })
            })
        })
    }

    /// The displacement of the jump at `start` to `trampoline`, if that is allowed.
    #[must_use]
    pub fn displacement(&self, start: u64, trampoline: u64) -> Option<i32> {
        let end = start.checked_add(PATCH_BYTES as u64)?;
        let displacement = i32::try_from(trampoline.wrapping_sub(end).cast_signed()).ok()?;
        self.allows(displacement).then_some(displacement)
    }

    /// Whether a program may jump to `offset` bytes behind the start of the jump and find an invalid byte there.
    #[must_use]
    pub fn begins_at(&self, offset: u64) -> bool {
        let offset = usize::try_from(offset).ok().filter(|offset| *offset > 0);
        offset.and_then(|offset| self.begins.get(offset)).is_some_and(|begins| *begins)
    }

    /// The bytes that replace the `syscall` and its neighbours.
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

    /// The plan for a `syscall` that `behind` follows and nothing precedes.
    fn plan_for(behind: &[u8]) -> Option<Plan> {
        Plan::of(&[&[0x0f, 0x05], behind].concat(), 0)
    }

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
        let plan = plan_for(&COMPARE).unwrap();
        assert_eq!(plan.length, 6);
        assert!(
            !plan.begins_at(0) && !plan.begins_at(1) && plan.begins_at(2) && !plan.begins_at(3) && !plan.begins_at(8)
        );
        assert!(plan.allows(i32::from_le_bytes([1, 0x60, 3, 4])));
        assert!(!plan.allows(i32::from_le_bytes([1, 2, 0x60, 4])));
    }

    #[test]
    fn behind_a_return_only_padding_counts() {
        let padded = plan_for(&[0xc3, 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0, 0x55]).unwrap();
        assert_eq!(padded.length, 11);
        assert!(padded.allows(i32::from_le_bytes([0, 0x0e, 0x0e, 0])));
        assert_eq!(plan_for(&[0xc3, 0x48, 0x89, 0xc7, 0x90]), None);
        let short = plan_for(&[0xc3, 0x90, 0x90, 0x90]).unwrap();
        assert!(short.begins_at(2) && short.begins_at(3) && short.begins_at(4));
    }

    #[test]
    fn a_branch_or_the_end_of_what_is_known_forbids_it() {
        assert_eq!(plan_for(&[0x85, 0xc0, 0x75, 0x10, 0x90]), None);
        assert_eq!(plan_for(&COMPARE[..5]), None);
        assert_eq!(plan_for(&[]), None);
    }

    #[test]
    fn every_place_is_allowed_for_every_plan() {
        let plan = plan_for(&[0xc3, 0x90, 0x90, 0x90]).unwrap();
        let start = 0x7f00_1234_5676_u64;
        let places: Vec<u64> = Plan::places(start).collect();
        assert_eq!(places.len(), 16 * 16 * 16);
        for place in places {
            let displacement = plan.displacement(start, place + 255).unwrap();
            assert_eq!(start.wrapping_add(5).wrapping_add_signed(displacement.into()), place + 255);
        }
        // Of a program at the bottom of the address space those below it are none.
        assert!(Plan::places(0x40_1000).all(|place| place > 0x40_1000));
    }

    /// xor edi, edi; mov eax, edx; syscall; jmp to the first of them: how the C library ends a thread.
    const LOOP: [u8; 8] = [0x31, 0xff, 0x89, 0xd0, 0x0f, 0x05, 0xeb, 0xf8];

    #[test]
    fn what_a_jump_leads_back_to_can_be_moved_from_in_front() {
        let plan = Plan::of(&LOOP, 4).unwrap();
        assert_eq!((plan.before, plan.length, plan.next), (2, 0, -6));
        let begins: Vec<bool> = (0..6).map(|offset| plan.begins_at(offset)).collect();
        assert_eq!(begins, [false, false, true, false, true, false]);
        assert!(plan.allows(i32::from_le_bytes([1, 0x60, 3, 0x60])));
        assert!(!plan.allows(i32::from_le_bytes([1, 2, 0x60, 0x60])));
        // add ebx, 1 leaves nothing of the jump to cover.
        let long = Plan::of(&[0x83, 0xc3, 0x01, 0x0f, 0x05, 0xeb, 0xf9], 3).unwrap();
        assert_eq!((long.before, long.next), (3, -5));
        assert!(long.begins_at(3) && !long.begins_at(4));
    }

    #[test]
    fn what_is_not_known_from_the_jumps_target_on_stays() {
        let with = |index: usize, byte: u8| {
            let mut code = LOOP;
            code[index] = byte;
            Plan::of(&code, 4)
        };
        // To the middle of an instruction, to the call itself, forwards, to before what is known of the page.
        for distance in [0xf9, 0xfc, 0xfe, 0x10, 0xf7] {
            assert_eq!(with(7, distance), None, "{distance:x}");
        }
        // Behind a return nothing is known; a jump cannot be moved.
        assert_eq!(Plan::of(&[0x90, 0xc3, 0x89, 0xd0, 0x0f, 0x05, 0xeb, 0xf8], 4), None);
        assert_eq!(Plan::of(&[0x31, 0xff, 0xeb, 0x00, 0x0f, 0x05, 0xeb, 0xf8], 4), None);
        // One byte in front is too little room.
        assert_eq!(Plan::of(&[0x90, 0x0f, 0x05, 0xeb, 0xfb], 1), None);
    }
}

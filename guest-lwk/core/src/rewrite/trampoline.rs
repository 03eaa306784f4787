//! The code that a replaced `syscall` leads to.
//!
//! Its *head* does what the trap would do with the two registers that SYSCALL may change: it finds the entry code of the vCPU it runs on
//! and goes there, with the address of the *tail* in RCX. No flag is changed and nothing is written to the program's stack, below
//! which a function may keep data (ELF x86-64 psABI, 3.2.2). The LWK returns to the tail: it sets RCX as SYSCALL
//! leaves it, executes what stood behind the `syscall`, and goes on behind that.

use super::plan::{MOST_BYTES, Plan};

/// Bytes of a trampoline, and what its address is a multiple of.
pub const TRAMPOLINE_BYTES: u64 = 64;
const BYTES: usize = 64;
/// Where the address behind the `syscall` lies: the entry code looks for it in front of the tail.
const RETURN_ADDRESS: usize = 32;
const TAIL: usize = 40;
/// Where the moved instructions begin.
const MOVED: usize = 47;
const JUMP_BYTES: usize = 5;

const _: () = assert!(MOVED + MOST_BYTES + JUMP_BYTES == BYTES);

/// One trampoline.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trampoline {
    /// Where it lies.
    pub start: u64,
    /// The address behind the `syscall`, to which the call returns.
    pub behind: u64,
    /// What was moved.
    pub plan: Plan,
}

/// What an address in a trampoline stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Offset {
    /// The call is being made.
    Head,
    /// The call has returned and RCX is not set yet.
    Returned,
    /// So many bytes behind the `syscall`.
    Behind(u64),
}

impl Trampoline {
    /// Its bytes: `table` holds the address of each vCPU's entry code by the number that RDPID reads, `moved` what stood behind the
    /// `syscall`. `None` if the two are too far apart.
    #[must_use]
    pub fn bytes(&self, table: u64, moved: &[u8]) -> Option<[u8; BYTES]> {
        let moved = moved.get(..self.plan.length)?;
        let mut bytes = [0xcc; BYTES];
        let mut put = |at: usize, piece: &[u8]| bytes[at..at + piece.len()].copy_from_slice(piece);
        // mov rcx, table
        put(0, &[0x48, 0xb9]);
        put(2, &table.to_le_bytes());
        // rdpid r11; mov r11, [rcx + 8 * r11]
        put(10, &[0xf3, 0x41, 0x0f, 0xc7, 0xfb, 0x4e, 0x8b, 0x1c, 0xd9]);
        // lea rcx, tail; jmp r11
        put(19, &[0x48, 0x8d, 0x0d]);
        put(22, &self.distance(26, self.tail())?.to_le_bytes());
        put(26, &[0x41, 0xff, 0xe3]);
        put(RETURN_ADDRESS, &self.behind.to_le_bytes());
        // lea rcx, behind
        put(TAIL, &[0x48, 0x8d, 0x0d]);
        put(TAIL + 3, &self.distance(MOVED, self.behind)?.to_le_bytes());
        put(MOVED, moved);
        let jump = MOVED + moved.len();
        put(jump, &[0xe9]);
        put(jump + 1, &self.distance(jump + JUMP_BYTES, self.behind + moved.len() as u64)?.to_le_bytes());
        Some(bytes)
    }

    fn distance(&self, from: usize, to: u64) -> Option<i32> {
        i32::try_from(to.wrapping_sub(self.start + from as u64).cast_signed()).ok()
    }

    /// Where calls return to.
    #[must_use]
    pub const fn tail(&self) -> u64 {
        self.start + TAIL as u64
    }

    /// The copy of the instruction `offset` bytes behind the `syscall`.
    #[must_use]
    pub const fn copy_of(&self, offset: u64) -> u64 {
        self.start + MOVED as u64 + offset
    }

    /// What `address`, at which an instruction of this trampoline begins, stands for.
    #[must_use]
    pub fn meaning(&self, address: u64) -> Offset {
        match address - self.start {
            at if at < TAIL as u64 => Offset::Head,
            at if at < MOVED as u64 => Offset::Returned,
            at => Offset::Behind((at - MOVED as u64).min(self.plan.length as u64)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use iced_x86::{Code, Decoder, DecoderOptions, Instruction, Register};

    const MOVED_CODE: [u8; 6] = [0x48, 0x3d, 0x00, 0xf0, 0xff, 0xff];
    const TABLE: u64 = 0x7f80_1234_5678;

    fn trampoline() -> Trampoline {
        let behind = 0x7f00_0000_1002;
        Trampoline { start: behind - (1 << 30), behind, plan: Plan::of(&MOVED_CODE).unwrap() }
    }

    fn decoded(from: u64) -> Vec<Instruction> {
        let trampoline = trampoline();
        let bytes = trampoline.bytes(TABLE, &MOVED_CODE).unwrap();
        let at = usize::try_from(from - trampoline.start).unwrap();
        Decoder::with_ip(64, &bytes[at..], from, DecoderOptions::NONE).into_iter().collect()
    }

    #[test]
    fn head_goes_to_the_entry_code_of_its_cpu_with_the_tail_in_rcx() {
        let code = decoded(trampoline().start);
        let kinds: Vec<Code> = code[..5].iter().map(Instruction::code).collect();
        assert_eq!(kinds, [Code::Mov_r64_imm64, Code::Rdpid_r64, Code::Mov_r64_rm64, Code::Lea_r64_m, Code::Jmp_rm64]);
        assert_eq!(code[0].immediate64(), TABLE);
        assert_eq!((code[2].memory_base(), code[2].memory_index()), (Register::RCX, Register::R11));
        assert_eq!(code[2].memory_index_scale(), 8);
        assert_eq!(code[3].memory_displacement64(), trampoline().tail());
        assert!(code[..5].iter().all(|one| one.rflags_modified() == 0 && !one.is_stack_instruction()));
    }

    #[test]
    fn tail_sets_rcx_and_goes_on_behind_what_was_moved() {
        let code = decoded(trampoline().tail());
        assert_eq!((code[0].code(), code[0].op0_register()), (Code::Lea_r64_m, Register::RCX));
        assert_eq!(code[0].memory_displacement64(), trampoline().behind);
        assert_eq!(code[1].code(), Code::Cmp_RAX_imm32);
        assert_eq!(code[2].near_branch_target(), trampoline().behind + 6);
        let bytes = trampoline().bytes(TABLE, &MOVED_CODE).unwrap();
        assert_eq!(bytes[RETURN_ADDRESS..TAIL], trampoline().behind.to_le_bytes());
    }

    #[test]
    fn every_instruction_stands_for_a_place_of_the_program() {
        let trampoline = trampoline();
        for instruction in &decoded(trampoline.start)[..5] {
            assert_eq!(trampoline.meaning(instruction.ip()), Offset::Head);
        }
        assert_eq!(trampoline.meaning(trampoline.tail()), Offset::Returned);
        assert_eq!(trampoline.meaning(trampoline.copy_of(0)), Offset::Behind(0));
        assert_eq!(trampoline.meaning(trampoline.copy_of(6)), Offset::Behind(6));
    }

    #[test]
    fn what_a_jump_cannot_reach_gets_none() {
        let far = Trampoline { start: 1 << 40, ..trampoline() };
        assert_eq!(far.bytes(TABLE, &MOVED_CODE), None);
    }
}

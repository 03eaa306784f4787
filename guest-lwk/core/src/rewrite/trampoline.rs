//! The code that a replaced `syscall` leads to.
//!
//! It begins with what stood in front of the `syscall`, if any of that was moved. Its *head* does what the trap would do with the two
//! registers that SYSCALL may change: it finds the entry code of the vCPU it runs on and goes there, with the address of the *tail* in
//! RCX. No flag is changed and nothing is written to the program's stack, below which a function may keep data (ELF x86-64 psABI,
//! 3.2.2). The LWK returns to the tail: it sets RCX as SYSCALL leaves it, executes what stood behind the `syscall`, and goes on behind
//! that.

use super::plan::{MOST_BEFORE, MOST_BYTES, Plan, SYSCALL_BYTES};

/// Bytes of a trampoline, and what its address is a multiple of.
pub const TRAMPOLINE_BYTES: u64 = 64;
const BYTES: usize = 64;
/// Bytes of its head.
const HEAD_BYTES: usize = 29;
/// Where the address behind the `syscall` lies: the entry code looks for it in front of the tail.
const RETURN_ADDRESS: usize = 32;
const TAIL: usize = 40;
/// Where the moved instructions begin.
const MOVED: usize = 47;
const JUMP_BYTES: usize = 5;

const _: () = assert!(MOST_BEFORE + HEAD_BYTES == RETURN_ADDRESS && MOVED + MOST_BYTES + JUMP_BYTES == BYTES);

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
    /// So many bytes behind the start of the jump that leads here, in front of the `syscall`.
    Before(u64),
    /// The call is being made.
    Head,
    /// The call has returned and RCX is not set yet.
    Returned,
    /// So many bytes behind the `syscall`.
    Behind(u64),
}

impl Trampoline {
    /// Its bytes: `table` holds the address of each vCPU's entry code by the number that RDPID reads, `code` is what was there from the start
    /// of the jump on. `None` if the two are too far apart.
    #[must_use]
    pub fn bytes(&self, table: u64, code: &[u8]) -> Option<[u8; BYTES]> {
        let Plan { before, length, next, .. } = self.plan;
        let moved = code.get(before + SYSCALL_BYTES..)?.get(..length)?;
        let mut bytes = [0xcc; BYTES];
        let mut put = |at: usize, piece: &[u8]| bytes[at..at + piece.len()].copy_from_slice(piece);
        put(0, &code[..before]);
        // mov rcx, table
        put(before, &[0x48, 0xb9]);
        put(before + 2, &table.to_le_bytes());
        // rdpid r11; mov r11, [rcx + 8 * r11]
        put(before + 10, &[0xf3, 0x41, 0x0f, 0xc7, 0xfb, 0x4e, 0x8b, 0x1c, 0xd9]);
        // lea rcx, tail; jmp r11
        put(before + 19, &[0x48, 0x8d, 0x0d]);
        put(before + 22, &self.distance(before + 26, self.tail())?.to_le_bytes());
        put(before + 26, &[0x41, 0xff, 0xe3]);
        put(RETURN_ADDRESS, &self.behind.to_le_bytes());
        // lea rcx, behind
        put(TAIL, &[0x48, 0x8d, 0x0d]);
        put(TAIL + 3, &self.distance(MOVED, self.behind)?.to_le_bytes());
        put(MOVED, moved);
        let jump = MOVED + length;
        put(jump, &[0xe9]);
        put(jump + 1, &self.distance(jump + JUMP_BYTES, self.behind.checked_add_signed(next as i64)?)?.to_le_bytes());
        Some(bytes)
    }

    /// Where the jump that leads here is.
    #[must_use]
    pub const fn site(&self) -> u64 {
        self.behind - (SYSCALL_BYTES + self.plan.before) as u64
    }

    fn distance(&self, from: usize, to: u64) -> Option<i32> {
        i32::try_from(to.wrapping_sub(self.start + from as u64).cast_signed()).ok()
    }

    /// Where calls return to.
    #[must_use]
    pub const fn tail(&self) -> u64 {
        self.start + TAIL as u64
    }

    /// The copy of what began `offset` bytes behind the start of the jump; for the `syscall` the head.
    #[must_use]
    pub const fn copy_of(&self, offset: u64) -> u64 {
        let call = self.plan.before as u64;
        if offset <= call {
            self.start + offset
        } else {
            self.start + MOVED as u64 + offset - call - SYSCALL_BYTES as u64
        }
    }

    /// What `address`, at which an instruction of this trampoline begins, stands for.
    #[must_use]
    pub fn meaning(&self, address: u64) -> Offset {
        match address - self.start {
            at if at < self.plan.before as u64 => Offset::Before(at),
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

    const CODE: [u8; 8] = [0x0f, 0x05, 0x48, 0x3d, 0x00, 0xf0, 0xff, 0xff];
    const TABLE: u64 = 0x7f80_1234_5678;

    fn trampoline() -> Trampoline {
        let behind = 0x7f00_0000_1002;
        Trampoline { start: behind - (1 << 30), behind, plan: Plan::of(&CODE, 0).unwrap() }
    }

    fn decoded(from: u64) -> Vec<Instruction> {
        let trampoline = trampoline();
        let bytes = trampoline.bytes(TABLE, &CODE).unwrap();
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
        let bytes = trampoline().bytes(TABLE, &CODE).unwrap();
        assert_eq!(bytes[RETURN_ADDRESS..TAIL], trampoline().behind.to_le_bytes());
    }

    #[test]
    fn every_instruction_stands_for_a_place_of_the_program() {
        let trampoline = trampoline();
        for instruction in &decoded(trampoline.start)[..5] {
            assert_eq!(trampoline.meaning(instruction.ip()), Offset::Head);
        }
        assert_eq!(trampoline.meaning(trampoline.tail()), Offset::Returned);
        assert_eq!(trampoline.meaning(trampoline.copy_of(2)), Offset::Behind(0));
        assert_eq!(trampoline.meaning(trampoline.copy_of(8)), Offset::Behind(6));
    }

    #[test]
    fn what_a_jump_cannot_reach_gets_none() {
        let far = Trampoline { start: 1 << 40, ..trampoline() };
        assert_eq!(far.bytes(TABLE, &CODE), None);
    }

    #[test]
    fn what_stood_in_front_comes_first_and_the_jump_behind_leads_back() {
        let code = [0x31, 0xff, 0x89, 0xd0, 0x0f, 0x05, 0xeb, 0xf8];
        let behind = 0x7f00_0000_1006;
        let trampoline = Trampoline { start: behind - (1 << 30), behind, plan: Plan::of(&code, 4).unwrap() };
        assert_eq!(trampoline.site(), behind - 4);
        let bytes = trampoline.bytes(TABLE, &code[2..]).unwrap();
        let decode = |from: u64| {
            let at = usize::try_from(from - trampoline.start).unwrap();
            Decoder::with_ip(64, &bytes[at..], from, DecoderOptions::NONE).into_iter().collect::<Vec<_>>()
        };
        let head = decode(trampoline.start);
        let kinds: Vec<Code> = head[..6].iter().map(Instruction::code).collect();
        let expected = [
            Code::Mov_rm32_r32,
            Code::Mov_r64_imm64,
            Code::Rdpid_r64,
            Code::Mov_r64_rm64,
            Code::Lea_r64_m,
            Code::Jmp_rm64,
        ];
        assert_eq!(kinds, expected);
        assert_eq!(head[4].memory_displacement64(), trampoline.tail());
        let tail = decode(trampoline.tail());
        assert_eq!(tail[0].memory_displacement64(), behind);
        assert_eq!((tail[1].code(), tail[1].near_branch_target()), (Code::Jmp_rel32_64, behind - 6));
        assert_eq!(trampoline.meaning(trampoline.start), Offset::Before(0));
        assert_eq!((trampoline.copy_of(2), trampoline.meaning(head[1].ip())), (head[1].ip(), Offset::Head));
        assert_eq!((trampoline.copy_of(4), trampoline.meaning(tail[1].ip())), (tail[1].ip(), Offset::Behind(0)));
    }
}

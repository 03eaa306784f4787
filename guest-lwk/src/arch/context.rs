//! A thread's registers while it is in the LWK.

use virtio_ikc::layout::{PROGRAM_END, selector};

/// Flags that a program may set by itself (Intel SDM vol. 1, 3.4.3): CF PF AF ZF SF TF DF OF AC ID.
const PROGRAM_FLAGS: u64 = 0x0024_0dd5;
/// Flags that are always set: bit 1 and IF.
const FIXED_FLAGS: u64 = 0x202;

/// The general registers as the entry code saves them. From `rip` on, as IRETQ pops them.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(16))]
pub struct Context {
    pub r15: u64,
    pub r14: u64,
    pub r13: u64,
    pub r12: u64,
    pub rbp: u64,
    pub rbx: u64,
    pub r11: u64,
    pub r10: u64,
    pub r9: u64,
    pub r8: u64,
    pub rax: u64,
    pub rcx: u64,
    pub rdx: u64,
    pub rsi: u64,
    pub rdi: u64,
    /// The number of the system call, or -1 outside one.
    pub original_rax: u64,
    pub rip: u64,
    pub cs: u64,
    pub rflags: u64,
    pub rsp: u64,
    pub ss: u64,
    /// Where a system call that came by a trampoline returns to.
    pub tail: u64,
}

impl Context {
    /// The registers of a program that starts at `rip` (ELF x86-64 psABI, 3.4.1).
    pub fn start(rip: u64, rsp: u64) -> Self {
        Self {
            rip,
            rsp,
            cs: u64::from(selector::USER_CODE),
            ss: u64::from(selector::USER_DATA),
            rflags: FIXED_FLAGS,
            original_rax: u64::MAX,
            ..Self::default()
        }
    }

    /// The arguments of a system call, in order (syscall(2), "Architecture calling conventions").
    pub fn arguments(&self) -> [u64; 6] {
        [self.rdi, self.rsi, self.rdx, self.r10, self.r8, self.r9]
    }

    /// Makes the registers fit to be loaded, whoever wrote them: selectors and flags that a program may have, and
    /// an address that lies in the program. Answers whether the address had to be refused.
    pub fn sanitise(&mut self) -> bool {
        self.cs = u64::from(selector::USER_CODE);
        self.ss = u64::from(selector::USER_DATA);
        self.rflags = (self.rflags & PROGRAM_FLAGS) | FIXED_FLAGS;
        let valid = self.rip < PROGRAM_END;
        if !valid {
            self.rip = 0;
        }
        valid
    }
}

//! The entry code: the only instructions that run between a program and the LWK.
//!
//! Each vCPU has its own copy of it, with its [`EntryData`] two pages further up. All data is reached relative to
//! the instruction pointer, so the code needs no register of its own: GS stays the program's, and a program that
//! changes it harms nobody. The code exists once for each privilege mode:
//!
//! - ring0: the textbook. SYSCALL and interrupts arrive at CPL0, SYSRET and IRETQ leave it.
//! - ring3: the LWK runs at CPL3. SYSCALL arrives there on class S hosts (and is sent there if it arrives at CPL0);
//!   exceptions and interrupts arrive at CPL0, where every instruction is emulated on class S hosts, so the handlers are as short
//!   as can be: they leave the frame where the LWK finds it and IRETQ to it. INT3 from the LWK is the gate to
//!   the few privileged operations; RAX says where in this code the operation begins.
//!
//! A thread may leave the LWK on another vCPU than it came in on. So the handlers answer where to go on: in the entry code of the
//! vCPU that the thread is on by then.
//!
//! Interrupts cannot be held off at CPL3. The handlers look where the interrupt hit instead: in the program, it is the LWK's
//! turn; in the LWK, the bit is left in `pending`, which the way back to the program checks. An interrupt between
//! that check and the jump to the program sends the LWK back to the check. In ring0 mode interrupts are off in the LWK except
//! while it halts.
//!
//! A *quick call* needs nothing on its way back (`syscall/quick.rs`), and comes by a trampoline: only the registers are saved that its
//! handler may change, and the vCPU counts as being in the program all the time, so that whoever wants something of it interrupts it. An
//! interrupt between the last look at `pending` and the jump to the program makes it one that is over and interrupted behind.
#![allow(unsafe_code)]

use core::arch::global_asm;
use core::mem::offset_of;

use virtio_ikc::boot::{EntryCode, EntryData, IMAGE_MAGIC, ImageHeader, QUICK_CALL_WORDS, ReturnFrame};
use virtio_ikc::layout::{PROGRAM_END, vcpu_area};

use super::context::Context;

const fn data(field: usize) -> u64 {
    vcpu_area::DATA + field as u64
}

const fn frame(base: usize, field: usize) -> u64 {
    data(base + field)
}

/// Where the exception handlers leave the vector; above it lie the error code and the processor's frame.
const EXCEPTION_FRAME: u64 = vcpu_area::EXCEPTION_STACK_TOP - 56;

global_asm!(
    include_str!("entry.s"),
    IMAGE_MAGIC = const IMAGE_MAGIC,
    VERSION = const virtio_ikc::message::VERSION,
    HANDLER_BYTES = const EntryCode::HANDLER_BYTES,
    LWK_HIGH = const PROGRAM_END >> 32,
    PENDING_VECTOR = const super::trap::PENDING_VECTOR,
    USER_RSP = const data(offset_of!(EntryData, user_rsp)),
    ENTRY_CS = const data(offset_of!(EntryData, entry_cs)),
    CONTEXT = const data(offset_of!(EntryData, context)),
    STACK_TOP = const data(offset_of!(EntryData, stack_top)),
    PENDING = const data(offset_of!(EntryData, pending)),
    IN_PROGRAM = const data(offset_of!(EntryData, in_program)),
    REMOTE = const data(offset_of!(EntryData, remote)),
    QUICK_CALLS = const data(offset_of!(EntryData, quick_calls)),
    QUICK_CALL_HANDLER = const data(offset_of!(EntryData, quick_call_handler)),
    QUICK_NUMBERS = const 64 * QUICK_CALL_WORDS,
    NOT_NOW = const super::trap::NOT_NOW,
    SYSTEM_CALL_HANDLER = const data(offset_of!(EntryData, system_call_handler)),
    TRAP_HANDLER = const data(offset_of!(EntryData, trap_handler)),
    FAULT_ADDRESS = const data(offset_of!(EntryData, fault_address)),
    INTERRUPT_VECTOR = const data(offset_of!(EntryData, interrupt_vector)),
    INTERRUPTED_RIP = const frame(offset_of!(EntryData, interrupted), offset_of!(ReturnFrame, rip)),
    INTERRUPTED_CS = const frame(offset_of!(EntryData, interrupted), offset_of!(ReturnFrame, cs)),
    INTERRUPTED_RFLAGS = const frame(offset_of!(EntryData, interrupted), offset_of!(ReturnFrame, rflags)),
    INTERRUPTED_RSP = const frame(offset_of!(EntryData, interrupted), offset_of!(ReturnFrame, rsp)),
    INTERRUPTED_SS = const frame(offset_of!(EntryData, interrupted), offset_of!(ReturnFrame, ss)),
    TO_EXCEPTION = const data(offset_of!(EntryData, to_exception)),
    TO_INTERRUPT = const data(offset_of!(EntryData, to_interrupt)),
    TO_SYSTEM_CALL = const data(offset_of!(EntryData, to_system_call)),
    EXCEPTION_FRAME = const EXCEPTION_FRAME,
    RAX = const offset_of!(Context, rax),
    RBX = const offset_of!(Context, rbx),
    RCX = const offset_of!(Context, rcx),
    RDX = const offset_of!(Context, rdx),
    RSI = const offset_of!(Context, rsi),
    RDI = const offset_of!(Context, rdi),
    RBP = const offset_of!(Context, rbp),
    R8 = const offset_of!(Context, r8),
    R9 = const offset_of!(Context, r9),
    R10 = const offset_of!(Context, r10),
    R11 = const offset_of!(Context, r11),
    R12 = const offset_of!(Context, r12),
    R13 = const offset_of!(Context, r13),
    R14 = const offset_of!(Context, r14),
    R15 = const offset_of!(Context, r15),
    ORIGINAL_RAX = const offset_of!(Context, original_rax),
    RIP = const offset_of!(Context, rip),
    RFLAGS = const offset_of!(Context, rflags),
    RSP = const offset_of!(Context, rsp),
    TAIL = const offset_of!(Context, tail),
);

const _: () = assert!(size_of::<ImageHeader>() == 24 + 2 * 72);

/// Places in a vCPU's copy of the entry code, as offsets from its start.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct EntryPlaces {
    /// The way back to the program after a system call, without RCX and R11.
    pub return_window: u64,
    /// The way back to the program with every register.
    pub return_full: u64,
    /// Gate: load CR3 with RDI.
    pub load_cr3: u64,
    /// Gate: invalidate the page at RDI.
    pub invalidate: u64,
    /// Gate: write the MSR EDI with RDX:RSI.
    pub write_msr: u64,
    /// Gate: halt until the next interrupt, unless something is pending.
    pub halt: u64,
    /// The way back to the program by a trampoline.
    pub return_rewritten: u64,
    /// Where trampolines enter; in ring3 mode only.
    pub rewritten_call: u64,
}

unsafe extern "C" {
    /// Of the ring0 code, then of the ring3 code.
    static lwk_entry_places: [EntryPlaces; 2];
}

/// The places in the entry code of the mode in use.
pub fn places() -> &'static EntryPlaces {
    let index = usize::from(super::boot::ring3());
    // SAFETY: the table is constant data of the image, written by the assembler above.
    unsafe { &lwk_entry_places[index] }
}

/// Where trampolines enter the LWK on vCPU `vcpu`; see [`lwk_core::rewrite`].
pub fn rewritten_call(vcpu: usize) -> u64 {
    super::privileged::entry_code(vcpu) + places().rewritten_call
}

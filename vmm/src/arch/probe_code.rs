//! What the tiny guest executes. Nothing here runs in this process: the bytes are copied into the guest.
//!
//! The code is position-independent and uses no stack of its own. By convention RDI holds the address of a device that
//! does not exist, so a store there leaves the guest, and RCX or R12 holds how often to repeat. Results are left in
//! registers: R8 and R9 are the time stamps before and after, R10 the code segment that was seen on the way.
#![allow(unsafe_code)]

use std::arch::global_asm;

global_asm!(
    ".pushsection .rodata.lwk_probe, \"a\", @progbits",
    ".balign 16",
    ".macro LWK_PROBE_TIME to",
    "    rdtsc",
    "    shl rdx, 32",
    "    lea \\to, [rax + rdx]",
    ".endm",
    ".global lwk_probe_start",
    "lwk_probe_start:",
    // Two instructions, RCX times.
    ".global lwk_probe_loop",
    "lwk_probe_loop:",
    "    LWK_PROBE_TIME r8",
    "2:  dec rcx",
    "    jnz 2b",
    "    LWK_PROBE_TIME r9",
    "    mov [rdi], eax",
    // R12 system calls, each of which comes back.
    ".global lwk_probe_calls",
    "lwk_probe_calls:",
    "    LWK_PROBE_TIME r8",
    "3:  syscall",
    "    dec r12",
    "    jnz 3b",
    "    LWK_PROBE_TIME r9",
    "    mov [rdi], eax",
    // Where SYSCALL arrives; goes back the way that fits the level it arrived at.
    ".global lwk_probe_call_entry",
    "lwk_probe_call_entry:",
    "    mov r10d, cs",
    "    test r10d, 3",
    "    jz 4f",
    "    jmp rcx",
    "4:  sysretq",
    // R12 breakpoints, each of which goes through the handler below.
    ".global lwk_probe_breakpoints",
    "lwk_probe_breakpoints:",
    "    LWK_PROBE_TIME r8",
    "5:  int3",
    "    dec r12",
    "    jnz 5b",
    "    LWK_PROBE_TIME r9",
    "    mov [rdi], eax",
    ".global lwk_probe_breakpoint_handler",
    "lwk_probe_breakpoint_handler:",
    "    mov r10d, cs",
    "    iretq",
    // R12 stores to RSI, then one to RDI.
    ".global lwk_probe_stores",
    "lwk_probe_stores:",
    "    LWK_PROBE_TIME r8",
    "6:  mov [rsi], eax",
    "    dec r12",
    "    jnz 6b",
    "    LWK_PROBE_TIME r9",
    "    mov [rdi], eax",
    // R12 times CPUID.
    ".global lwk_probe_cpuid",
    "lwk_probe_cpuid:",
    "    LWK_PROBE_TIME r8",
    "7:  xor eax, eax",
    "    cpuid",
    "    dec r12",
    "    jnz 7b",
    "    LWK_PROBE_TIME r9",
    "    mov [rdi], eax",
    // R12 readings of the time stamp counter.
    ".global lwk_probe_clock",
    "lwk_probe_clock:",
    "    LWK_PROBE_TIME r8",
    "8:  rdtsc",
    "    dec r12",
    "    jnz 8b",
    "    LWK_PROBE_TIME r9",
    "    mov [rdi], eax",
    // R12 interrupts to a halted vCPU: each time waits R13 ticks so that it halts, has the handler below send one, and
    // waits until the counter at RSI has risen. R9 is the least number of ticks; R10 is not 0 when an
    // interrupt got lost (4096 times R13 without an answer).
    ".global lwk_probe_interrupts",
    "lwk_probe_interrupts:",
    "    mov r9, -1",
    "    xor r10d, r10d",
    "    xor ebx, ebx",
    "9:  LWK_PROBE_TIME r8",
    "    add r8, r13",
    "10: LWK_PROBE_TIME r15",
    "    cmp r15, r8",
    "    jb 10b",
    "    inc ebx",
    "    int3",
    "    LWK_PROBE_TIME r8",
    "    mov r14, r13",
    "    shl r14, 12",
    "    add r8, r14",
    "11: LWK_PROBE_TIME r14",
    "    cmp r14, r8",
    "    ja 12f",
    "    cmp [rsi], ebx",
    "    jne 11b",
    "    sub r14, r15",
    "    cmp r14, r9",
    "    cmovb r9, r14",
    "    dec r12",
    "    jnz 9b",
    "    mov dword ptr [rsi + 8], 1",
    "    int3",
    "    jmp 13f",
    "12: mov r10d, 1",
    "13: mov [rdi], eax",
    // Sends vector 0x42 to the vCPU with APIC id 1 (Intel SDM vol. 3, 11.12.9).
    ".global lwk_probe_send_handler",
    "lwk_probe_send_handler:",
    "    mov ecx, 0x830",
    "    mov edx, 1",
    "    mov eax, 0x42",
    "    wrmsr",
    "    iretq",
    // Halts, at CPL0.
    ".global lwk_probe_halt",
    "lwk_probe_halt:",
    "14: hlt",
    "    jmp 14b",
    // Counts the interrupt at RSI and ends it; leaves the guest when the other side says so at RSI + 8.
    ".global lwk_probe_interrupt_handler",
    "lwk_probe_interrupt_handler:",
    "    inc dword ptr [rsi]",
    "    mov ecx, 0x80b",
    "    xor eax, eax",
    "    xor edx, edx",
    "    wrmsr",
    "    cmp dword ptr [rsi + 8], 0",
    "    jne 15f",
    "    iretq",
    "15: mov [rdi], eax",
    ".global lwk_probe_end",
    "lwk_probe_end:",
    ".purgem LWK_PROBE_TIME",
    ".popsection",
);

unsafe extern "C" {
    static lwk_probe_start: u8;
    static lwk_probe_loop: u8;
    static lwk_probe_calls: u8;
    static lwk_probe_call_entry: u8;
    static lwk_probe_breakpoints: u8;
    static lwk_probe_breakpoint_handler: u8;
    static lwk_probe_stores: u8;
    static lwk_probe_cpuid: u8;
    static lwk_probe_clock: u8;
    static lwk_probe_interrupts: u8;
    static lwk_probe_send_handler: u8;
    static lwk_probe_halt: u8;
    static lwk_probe_interrupt_handler: u8;
    static lwk_probe_end: u8;
}

/// Places in the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Label {
    /// Times 2·RCX instructions.
    Loop,
    /// Times R12 system calls.
    Calls,
    /// Where system calls arrive.
    CallEntry,
    /// Times R12 breakpoints.
    Breakpoints,
    /// The handler of breakpoints.
    BreakpointHandler,
    /// Times R12 stores to RSI.
    Stores,
    /// Times R12 CPUID instructions.
    Cpuid,
    /// Times R12 readings of the time stamp counter.
    Clock,
    /// Times R12 interrupts to another vCPU.
    Interrupts,
    /// The handler of breakpoints that sends them.
    SendHandler,
    /// Waits for interrupts.
    Halt,
    /// The handler of those interrupts.
    InterruptHandler,
}

/// The code as bytes.
pub(crate) fn code() -> &'static [u8] {
    let start = &raw const lwk_probe_start;
    let length = (&raw const lwk_probe_end).addr() - start.addr();
    // SAFETY: the two symbols enclose the read-only bytes that are assembled above.
    unsafe { std::slice::from_raw_parts(start, length) }
}

/// Where in the code a place is, in bytes from its start.
pub(crate) fn offset(label: Label) -> u64 {
    let address = match label {
        Label::Loop => &raw const lwk_probe_loop,
        Label::Calls => &raw const lwk_probe_calls,
        Label::CallEntry => &raw const lwk_probe_call_entry,
        Label::Breakpoints => &raw const lwk_probe_breakpoints,
        Label::BreakpointHandler => &raw const lwk_probe_breakpoint_handler,
        Label::Stores => &raw const lwk_probe_stores,
        Label::Cpuid => &raw const lwk_probe_cpuid,
        Label::Clock => &raw const lwk_probe_clock,
        Label::Interrupts => &raw const lwk_probe_interrupts,
        Label::SendHandler => &raw const lwk_probe_send_handler,
        Label::Halt => &raw const lwk_probe_halt,
        Label::InterruptHandler => &raw const lwk_probe_interrupt_handler,
    };
    (address.addr() - (&raw const lwk_probe_start).addr()) as u64
}

//! Descriptor tables (Intel SDM vol. 3, 3.4.5, 6.14, 7.7): how a vCPU gets from a program to the LWK and back.
//!
//! The selectors are Linux's own, since hosts with software virtualization load them from Linux's tables; these tables
//! say the same for the hosts that read them. There is no 32-bit code that would run, only its slot.

use virtio_ikc::boot::EntryCode;
use virtio_ikc::layout::{selector, vcpu_area, vector};

/// Present, and code or data rather than a system descriptor.
const PRESENT: u64 = 1 << 47;
const ORDINARY: u64 = 1 << 44;
/// The limit counts pages, and is the largest.
const FLAT: u64 = 1 << 55 | 0xf << 48 | 0xffff;
const LONG: u64 = 1 << 53;
const DEFAULT_32: u64 = 1 << 54;
const CODE: u64 = 0xb << 40;
const DATA: u64 = 0x3 << 40;
const USER: u64 = 3 << 45;

/// Highest valid offset in the global descriptor table: ten entries, of which the task state segment's takes two.
pub(crate) const GDT_LIMIT: u16 = 10 * 8 - 1;
const GDT_ENTRIES: usize = (GDT_LIMIT as usize + 1) / 8;
/// Highest valid offset in the interrupt descriptor table.
pub(crate) const IDT_LIMIT: u16 = 256 * 16 - 1;
/// Highest valid offset in the task state segment.
pub(crate) const TSS_LIMIT: u16 = 104 - 1;
const TSS_BYTES: usize = TSS_LIMIT as usize + 1;

const EXCEPTIONS: u64 = 32;
/// Vectors that the processor raises when it cannot go on as usual: NMI, double fault, machine check.
const FATAL: [u64; 3] = [2, 8, 18];
/// Vectors that a program may raise by INT3 and INTO.
const OPEN: [u64; 2] = [3, 4];
/// No entry of the interrupt stack table: at CPL3 the stack of RSP 0, at CPL0 the one in use. Interrupts have it because QEMU's
/// SVM delivers one twice now and then: the second handler's frame must not overwrite the first's.
const ORDINARY_STACK: u64 = 0;
const EXCEPTION_STACK: u64 = 1;
const FATAL_STACK: u64 = 2;

/// The global descriptor table of the vCPU whose area is at `area`.
pub(super) fn gdt(area: u64) -> [u8; GDT_ENTRIES * 8] {
    let mut entries = [0_u64; GDT_ENTRIES];
    entries[slot(selector::KERNEL_CODE)] = PRESENT | ORDINARY | FLAT | CODE | LONG;
    entries[slot(selector::KERNEL_DATA)] = PRESENT | ORDINARY | FLAT | DATA | DEFAULT_32;
    entries[slot(selector::USER_DATA) - 1] = PRESENT | ORDINARY | FLAT | CODE | DEFAULT_32 | USER;
    entries[slot(selector::USER_DATA)] = PRESENT | ORDINARY | FLAT | DATA | DEFAULT_32 | USER;
    entries[slot(selector::USER_CODE)] = PRESENT | ORDINARY | FLAT | CODE | LONG | USER;
    let task = area + vcpu_area::TSS;
    let busy = 0xb << 40;
    entries[slot(selector::TASK)] =
        PRESENT | busy | u64::from(TSS_LIMIT) | (task & 0xff_ffff) << 16 | (task >> 24 & 0xff) << 56;
    entries[slot(selector::TASK) + 1] = task >> 32;
    bytes(&entries)
}

const fn slot(selector: u16) -> usize {
    selector as usize / 8
}

fn bytes<const WORDS: usize, const BYTES: usize>(words: &[u64; WORDS]) -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    for (chunk, word) in bytes.chunks_exact_mut(8).zip(words) {
        chunk.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

/// The task state segment: where the stacks are. The I/O bitmap begins behind the limit, so no port is open to CPL3.
pub(super) fn tss(area: u64) -> [u8; TSS_BYTES] {
    let mut segment = [0; TSS_BYTES];
    let stacks = [
        (0x04, vcpu_area::INTERRUPT_STACK_TOP),
        (0x24, vcpu_area::EXCEPTION_STACK_TOP),
        (0x2c, vcpu_area::FATAL_STACK_TOP),
    ];
    for (offset, top) in stacks {
        segment[offset..offset + 8].copy_from_slice(&(area + top).to_le_bytes());
    }
    segment[0x66..].copy_from_slice(&(TSS_LIMIT + 1).to_le_bytes());
    segment
}

/// The interrupt descriptor table.
pub(super) fn idt(area: u64, code: &EntryCode) -> [u8; IDT_LIMIT as usize + 1] {
    let mut table = [0; IDT_LIMIT as usize + 1];
    let base = area + vcpu_area::CODE;
    let mut set = |number: u64, offset: u64, stack: u64| {
        let open = if OPEN.contains(&number) { 3 } else { 0 };
        let place = usize::try_from(number).unwrap_or(0) * 16;
        table[place..place + 16].copy_from_slice(&gate(base + offset, stack, open));
    };
    for number in 0..EXCEPTIONS {
        let stack = if FATAL.contains(&number) { FATAL_STACK } else { EXCEPTION_STACK };
        set(number, code.exceptions + number * EntryCode::HANDLER_BYTES, stack);
    }
    for (index, number) in (0..).zip([vector::DEVICE, vector::WAKE, vector::TIMER]) {
        set(u64::from(number), code.interrupts + index * EntryCode::HANDLER_BYTES, ORDINARY_STACK);
    }
    set(u64::from(vector::SPURIOUS), code.spurious, ORDINARY_STACK);
    table
}

/// An interrupt gate: interrupts are off in the handler.
fn gate(handler: u64, stack: u64, privilege: u64) -> [u8; 16] {
    let low = handler & 0xffff
        | u64::from(selector::KERNEL_CODE) << 16
        | stack << 32
        | 0xe << 40
        | privilege << 45
        | PRESENT
        | (handler >> 16 & 0xffff) << 48;
    bytes(&[low, handler >> 32])
}

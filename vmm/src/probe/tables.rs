//! The guest's memory: page tables, descriptors and code, in 64 KiB that are mapped at their physical addresses.

use virtio_ikc::layout::selector;
use vm_memory::{Bytes, GuestAddress, GuestMemoryError, GuestMemoryMmap};

use crate::arch::probe_code::{self, Label};

/// Bytes of the guest's memory.
pub(super) const MEMORY_BYTES: usize = 0x1_0000;
/// Where the top-level page table is.
pub(super) const PAGE_TABLE: u64 = 0x1000;
/// Where the descriptor table is, and its limit.
pub(super) const GDT: u64 = 0x4000;
pub(super) const GDT_LIMIT: u16 = 0x4f;
/// Where the task state segment is, and its limit: the I/O bitmap begins past it, so there is none.
pub(super) const TSS: u64 = 0x4100;
pub(super) const TSS_LIMIT: u32 = 0x67;
/// Where the interrupt descriptor table is, and its limit.
pub(super) const IDT: u64 = 0x5000;
pub(super) const IDT_LIMIT: u16 = 0xfff;
/// Where the code is.
pub(super) const CODE: u64 = 0x6000;
/// Where two vCPUs count interrupts.
pub(super) const COUNTER: u64 = 0xa000;
/// Tops of the stacks: of code that begins at CPL0, of code that begins at CPL3, and of its exceptions.
pub(super) const CPL0_STACK: u64 = 0x8000;
pub(super) const CPL3_STACK: u64 = 0x9000;
const TRAP_STACK: u64 = 0xa000;
/// Where the guest sees the device that does not exist; the page after it is for the doorbell.
pub(super) const DEVICE: u64 = 0x20_0000;
pub(super) const DOORBELL: u64 = DEVICE + 0x1000;
/// Where these are in the guest's physical memory.
const DEVICE_PHYSICAL: u64 = 0xd000_0000;
pub(super) const DOORBELL_PHYSICAL: u64 = DEVICE_PHYSICAL + 0x1000;

const PDPT: u64 = 0x2000;
const DIRECTORY: u64 = 0x3000;
/// Present, writable, for CPL3, accessed, dirty (Intel SDM vol. 3, 4.5).
const TABLE_ENTRY: u64 = 0x67;
const LARGE_PAGE: u64 = 0x80;
const BREAKPOINT: u64 = 3;
/// The vector that the code sends.
const INTERRUPT: u64 = 0x42;

/// Writes all tables and the code; `breakpoint` handles breakpoints.
pub(super) fn write(memory: &GuestMemoryMmap, breakpoint: Label) -> Result<(), GuestMemoryError> {
    let put = |value: u64, address: u64| memory.write_obj(value, GuestAddress(address));
    put(PDPT | TABLE_ENTRY, PAGE_TABLE)?;
    put(DIRECTORY | TABLE_ENTRY, PDPT)?;
    put(LARGE_PAGE | TABLE_ENTRY, DIRECTORY)?;
    put(DEVICE_PHYSICAL | LARGE_PAGE | TABLE_ENTRY, DIRECTORY + 8)?;

    let descriptor = |chosen: u16| GDT + u64::from(chosen & !7);
    put(0x00af_9b00_0000_ffff, descriptor(selector::KERNEL_CODE))?;
    put(0x00cf_9300_0000_ffff, descriptor(selector::KERNEL_DATA))?;
    put(0x00cf_f300_0000_ffff, descriptor(selector::USER_DATA))?;
    put(0x00af_fb00_0000_ffff, descriptor(selector::USER_CODE))?;
    put(0x0000_8b00_0000_0000 | TSS << 16 | u64::from(TSS_LIMIT), descriptor(selector::TASK))?;
    put(TRAP_STACK, TSS + 4)?;
    put((u64::from(TSS_LIMIT) + 1) << 48, TSS + 0x60)?;

    // An interrupt gate that CPL3 may use (Intel SDM vol. 3, 6.14.1); the handlers are below 64 KiB.
    let gate = 0xee00_u64 << 32 | u64::from(selector::KERNEL_CODE) << 16;
    for (vector, handler) in [(BREAKPOINT, breakpoint), (INTERRUPT, Label::InterruptHandler)] {
        put(gate | (CODE + probe_code::offset(handler)), IDT + vector * 16)?;
    }
    memory.write_slice(probe_code::code(), GuestAddress(CODE))
}

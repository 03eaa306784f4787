//! The privileged operations: instructions in ring0 mode, the gate in ring3 mode.
#![allow(unsafe_code)]

use core::arch::asm;
use core::sync::atomic::{AtomicU64, Ordering};

use virtio_ikc::address::GuestPhysical;
use virtio_ikc::boot::{EntryData, MemoryRegion};
use virtio_ikc::layout::{VCPU_AREA_BYTES, VCPU_AREAS, vcpu_area};

use super::current;
use super::entry::places;

/// Above this many pages the whole TLB is flushed at once: a gate costs more than the refill.
const FLUSH_SINGLY: u64 = 2;

/// Address of the entry code of vCPU `index`.
pub(super) fn entry_code(index: usize) -> u64 {
    VCPU_AREAS + index as u64 * VCPU_AREA_BYTES + vcpu_area::CODE
}

/// The entry data of vCPU `index`.
pub(super) fn entry_data(index: usize) -> *mut EntryData {
    (VCPU_AREAS + index as u64 * VCPU_AREA_BYTES + vcpu_area::DATA) as *mut EntryData
}

fn gate(place: u64, first: u64, second: u64, third: u64) {
    let operation = entry_code(current::vcpu()) + place;
    // SAFETY: INT3 in the LWK's text reaches the gate of this vCPU's entry code, which jumps to RAX: an operation
    // of the same code. It returns behind the INT3 with every register but RCX and RAX unchanged.
    unsafe {
        asm!("int3", inout("rax") operation => _, in("rdi") first, in("rsi") second, in("rdx") third, out("rcx") _);
    }
}

/// Makes `table` the page table of this vCPU.
pub fn load_page_table(table: GuestPhysical) {
    if super::boot::ring3() {
        return gate(places().load_cr3, table.0, 0, 0);
    }
    // SAFETY: the caller's table maps the LWK in its slot, as every table made by `memory::page_table` does.
    unsafe { asm!("mov cr3, {}", in(reg) table.0, options(nostack)) }
}

/// Forgets the translations of `region` in the address space `table`, which this vCPU has loaded.
pub fn flush(table: GuestPhysical, region: MemoryRegion) {
    if region.length / virtio_ikc::address::PAGE_SIZE > FLUSH_SINGLY {
        return load_page_table(table);
    }
    let mut address = region.start.0;
    while address < region.start.0 + region.length {
        invalidate(address);
        address += virtio_ikc::address::PAGE_SIZE;
    }
}

fn invalidate(address: u64) {
    if super::boot::ring3() {
        return gate(places().invalidate, address, 0, 0);
    }
    // SAFETY: forgetting a translation is always sound.
    unsafe { asm!("invlpg [{}]", in(reg) address, options(nostack)) }
}

/// Writes `value` to the model-specific register `register`.
pub fn write_msr(register: u32, value: u64) {
    if super::boot::ring3() {
        return gate(places().write_msr, u64::from(register), value & 0xffff_ffff, value >> 32);
    }
    let (low, high) = (value & 0xffff_ffff, value >> 32);
    // SAFETY: the callers write FS and GS bases and the APIC's timer only.
    unsafe {
        asm!("wrmsr", in("ecx") register, in("rax") low, in("rdx") high, options(nostack));
    }
}

/// Halts this vCPU until an interrupt, or returns at once if one came since `take_pending`.
pub fn halt() {
    if super::boot::ring3() {
        return gate(places().halt, 0, 0, 0);
    }
    let place = entry_code(current::vcpu()) + places().halt;
    // SAFETY: a routine of this vCPU's entry code that changes no register but the flags. It lets interrupts in while it
    // halts; their handler only sets a bit in `pending`.
    unsafe { asm!("call {}", in(reg) place) }
}

/// Takes the bits that interrupts left for the LWK on this vCPU.
pub fn take_pending() -> u64 {
    let data = entry_data(current::vcpu());
    // SAFETY: the word belongs to this vCPU; the handler changes it with one instruction, and so do we.
    unsafe {
        let taken: u64;
        let word = core::ptr::addr_of_mut!((*data).pending);
        asm!("xchg [{word}], {taken}", word = in(reg) word, taken = inout(reg) 0_u64 => taken, options(nostack));
        taken
    }
}

/// What vCPU `vcpu` has been asked by others, as bits; see [`ask`].
fn remote(vcpu: usize) -> &'static AtomicU64 {
    let data = entry_data(vcpu);
    // SAFETY: the word is aligned and lives as long as the partition; everybody changes it by atomic instructions.
    unsafe { AtomicU64::from_ptr(core::ptr::addr_of_mut!((*data).remote)) }
}

/// Whether vCPU `vcpu` runs its program, or is so near to it that it does not look at its state any more.
pub fn is_in_program(vcpu: usize) -> bool {
    let data = entry_data(vcpu);
    // SAFETY: as for `remote`; only that vCPU writes it.
    unsafe { AtomicU64::from_ptr(core::ptr::addr_of_mut!((*data).in_program)) }.load(Ordering::SeqCst) != 0
}

/// Asks vCPU `vcpu` for what `bits` stand for; it sees them before its program goes on.
pub fn ask(vcpu: usize, bits: u64) {
    remote(vcpu).fetch_or(bits, Ordering::SeqCst);
}

/// What `vcpu` has been asked and has not taken yet.
pub fn asked(vcpu: usize) -> u64 {
    remote(vcpu).load(Ordering::SeqCst)
}

/// Takes what this vCPU, `vcpu`, has been asked.
pub fn take_asked(vcpu: usize) -> u64 {
    let word = remote(vcpu);
    if word.load(Ordering::Relaxed) == 0 { 0 } else { word.swap(0, Ordering::SeqCst) }
}

/// The interrupt command register in x2APIC mode, and its bit for an edge (Intel SDM vol. 3, 11.12.9).
const MSR_APIC_COMMAND: u32 = 0x830;
const COMMAND_ASSERT: u64 = 1 << 14;

/// Interrupts vCPU `vcpu`, so that it leaves its program or wakes up.
pub fn interrupt(vcpu: usize) {
    let command = COMMAND_ASSERT | u64::from(virtio_ikc::layout::vector::WAKE);
    write_msr(MSR_APIC_COMMAND, command | (vcpu as u64) << 32);
}

/// `IA32_TSC_DEADLINE` (Intel SDM vol. 3, 11.5.4.1).
const MSR_TSC_DEADLINE: u32 = 0x6e0;
/// The local APIC's timer entry, in x2APIC mode.
const MSR_APIC_TIMER: u32 = 0x832;
/// The timer's mode in that entry: one shot at a TSC value.
const TIMER_AT_DEADLINE: u64 = 2 << 17;

/// Says what this vCPU's timer is to do when it is set; once is enough.
pub fn prepare_timer() {
    write_msr(MSR_APIC_TIMER, TIMER_AT_DEADLINE | u64::from(virtio_ikc::layout::vector::TIMER));
}

/// Lets this vCPU's timer, which has been prepared, interrupt it when the TSC reaches `ticks`; 0 stops it.
pub fn set_timer(ticks: u64) {
    write_msr(MSR_TSC_DEADLINE, ticks);
}

//! A vCPU's area: its copy of the entry code, what that reads, its stacks and descriptor tables.

use virtio_ikc::address::GuestPhysical;
use virtio_ikc::boot::{EntryCode, EntryData, ReturnFrame};
use virtio_ikc::layout::{selector, vcpu_area};
use vm_memory::{Bytes, GuestAddress, GuestMemoryMmap};

use super::page_tables::{PageTables, Rights};
use super::{BootError, Booted, Image, descriptors};
use crate::arch::plain;

/// RFLAGS with interrupts on (bit 1 is always set).
const INTERRUPTS_ON: u64 = 0x202;

/// Writes the area of vCPU `index` at `physical`.
pub(super) fn write(
    memory: &GuestMemoryMmap,
    physical: GuestPhysical,
    index: usize,
    image: &Image<'_>,
    code: EntryCode,
) -> Result<(), BootError> {
    let area = Booted::area(index);
    let put = |offset: u64, bytes: &[u8]| {
        let place = GuestPhysical(physical.as_u64() + offset);
        memory.write_slice(bytes, GuestAddress(place.as_u64())).map_err(|_| BootError::Outside(place))
    };
    let instructions = image.bytes(code.start, code.length);
    put(vcpu_area::CODE, instructions.ok_or_else(|| BootError::Image("it has no entry code".to_owned()))?)?;
    put(vcpu_area::GDT, &descriptors::gdt(area))?;
    put(vcpu_area::TSS, &descriptors::tss(area))?;
    put(vcpu_area::IDT, &descriptors::idt(area, &code))?;
    let data = GuestPhysical(physical.as_u64() + vcpu_area::DATA);
    plain::write(memory, data, &entry_data(area, index, &code)).ok_or(BootError::Outside(data))
}

fn entry_data(area: u64, index: usize, code: &EntryCode) -> EntryData {
    let frame = |offset: u64| ReturnFrame {
        rip: area + vcpu_area::CODE + offset,
        cs: selector::USER_CODE.into(),
        rflags: INTERRUPTS_ON,
        rsp: area + vcpu_area::BOOT_STACK_TOP,
        ss: selector::USER_DATA.into(),
    };
    EntryData {
        index: index as u64,
        to_exception: frame(code.continue_exception),
        to_interrupt: frame(code.continue_interrupt),
        to_system_call: frame(code.continue_system_call),
        ..EntryData::default()
    }
}

/// Maps the area at `physical` to `address`: code that cannot be written, data that cannot be executed, and nothing below the
/// boot stack.
pub(super) fn map(tables: &mut PageTables<'_, '_>, address: u64, physical: u64) -> Result<(), BootError> {
    let parts = [
        (vcpu_area::CODE, vcpu_area::CODE_BYTES, Rights::CODE),
        (vcpu_area::DATA, vcpu_area::TABLES_END, Rights::DATA),
        (vcpu_area::BOOT_STACK, vcpu_area::BOOT_STACK_TOP, Rights::DATA),
    ];
    for (start, end, rights) in parts {
        tables.map(address + start, physical + start, end - start, rights)?;
    }
    Ok(())
}

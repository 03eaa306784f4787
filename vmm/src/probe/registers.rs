//! The registers of long mode at either privilege level.

use kvm_bindings::{kvm_dtable, kvm_segment, kvm_sregs};
use virtio_ikc::layout::selector;

use super::tables;

/// Protection, coprocessor, numeric errors, write protection, paging (Intel SDM vol. 3, 2.5).
const CR0: u64 = 0x8005_0033;
/// Physical address extension, FXSAVE and its exceptions.
const CR4: u64 = 0x620;
/// SYSCALL, long mode enabled and active, no-execute (Intel SDM vol. 3, 2.2.1).
const EFER: u64 = 0xd01;

/// The privilege level at which code begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Cpl0,
    Cpl3,
}

/// Puts the vCPU into long mode at this level.
pub(super) fn set_long_mode(sregs: &mut kvm_sregs, level: Level) {
    let (code, data) = match level {
        Level::Cpl0 => (selector::KERNEL_CODE, selector::KERNEL_DATA),
        Level::Cpl3 => (selector::USER_CODE, selector::USER_DATA),
    };
    sregs.cs = segment(code, 0xb, true);
    sregs.ss = segment(data, 3, false);
    (sregs.ds, sregs.es, sregs.fs, sregs.gs) = (sregs.ss, sregs.ss, sregs.ss, sregs.ss);
    sregs.tr = kvm_segment {
        base: tables::TSS,
        limit: tables::TSS_LIMIT,
        selector: selector::TASK,
        type_: 0xb,
        present: 1,
        ..Default::default()
    };
    sregs.gdt = kvm_dtable { base: tables::GDT, limit: tables::GDT_LIMIT, padding: [0; 3] };
    sregs.idt = kvm_dtable { base: tables::IDT, limit: tables::IDT_LIMIT, padding: [0; 3] };
    (sregs.cr0, sregs.cr3, sregs.cr4, sregs.efer) = (CR0, tables::PAGE_TABLE, CR4, EFER);
}

fn segment(selector: u16, type_: u8, code: bool) -> kvm_segment {
    kvm_segment {
        limit: u32::MAX,
        selector,
        type_,
        present: 1,
        dpl: u8::try_from(selector & 3).unwrap_or_default(),
        db: u8::from(!code),
        s: 1,
        l: u8::from(code),
        g: 1,
        ..Default::default()
    }
}

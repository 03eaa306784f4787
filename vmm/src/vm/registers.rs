//! The registers that a vCPU starts with: those of a machine that has been running long mode all along.

use kvm_bindings::{
    KVM_MP_STATE_RUNNABLE, Msrs, kvm_dtable, kvm_lapic_state, kvm_mp_state, kvm_msr_entry, kvm_regs, kvm_segment,
    kvm_sregs, kvm_xcrs,
};
use kvm_ioctls::VcpuFd;
use virtio_ikc::boot::Privilege;
use virtio_ikc::layout::{selector, vcpu_area, vector};

use super::error::kvm;
use super::{ExtendedState, VmError};
use crate::arch::{processor, vcpu_clock};
use crate::boot::{Booted, GDT_LIMIT, IDT_LIMIT, TSS_LIMIT};

/// Control register 0: protection, monitoring, x87, native errors, write protection, paging.
const CR0: u64 = 1 | 1 << 1 | 1 << 4 | 1 << 5 | 1 << 16 | 1 << 31;
/// Control register 4: PAE, FXSR, SIMD exceptions.
const CR4: u64 = 1 << 5 | 1 << 9 | 1 << 10;
const CR4_FSGSBASE: u64 = 1 << 16;
const CR4_OSXSAVE: u64 = 1 << 18;
/// EFER: SYSCALL, long mode enabled and active, no-execute.
const EFER: u64 = 1 | 1 << 8 | 1 << 10 | 1 << 11;
/// APIC base: its usual address, enabled, in x2APIC mode; the first processor has bit 8 too.
const APIC_BASE: u64 = 0xfee0_0000 | 1 << 11 | 1 << 10;
const APIC_BOOT_PROCESSOR: u64 = 1 << 8;
/// Spurious-interrupt register of the local APIC: offset, and software enable.
const APIC_SPURIOUS: usize = 0xf0;
const APIC_TASK_PRIORITY: usize = 0x80;
const APIC_ENABLE: u32 = 1 << 8;

const MSR_TSC: u32 = 0x10;
const MSR_STAR: u32 = 0xc000_0081;
const MSR_LSTAR: u32 = 0xc000_0082;
const MSR_FMASK: u32 = 0xc000_0084;
const MSR_TSC_AUX: u32 = 0xc000_0103;
/// Selectors of SYSCALL (kernel code) and SYSRET (the 32-bit slot before the program's data).
const STAR: u64 = (selector::USER_DATA as u64 - 8) << 48 | (selector::KERNEL_CODE as u64) << 32;
/// RFLAGS that SYSCALL clears, as in Linux: all that a program may change but must not bring along.
const FMASK: u64 = 0x25_7fd5;
const INTERRUPT_FLAG: u64 = 1 << 9;
/// RFLAGS with no flag set.
const RFLAGS: u64 = 2;
/// Ticks that the guest's counter may be away from the host's when both are read: a few milliseconds of scheduling.
const CLOCK_TOLERANCE: u64 = 1 << 28;

/// What a vCPU starts with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    pub(super) index: usize,
    pub(super) privilege: Privilege,
    pub(super) booted: Booted,
    pub(super) state: ExtendedState,
    pub(super) fsgsbase: bool,
}

impl Start {
    /// Sets every register of `vcpu`, whose CPUID has been set.
    pub(super) fn apply(&self, vcpu: &VcpuFd) -> Result<(), VmError> {
        self.set_system_registers(vcpu)?;
        self.set_model_registers(vcpu)?;
        if self.state.has_xsave() {
            set_state(vcpu, self.state.mask)?;
        }
        set_clock(vcpu)?;
        enable_apic(vcpu)?;
        kvm("set a vCPU's registers", vcpu.set_regs(&self.general()))?;
        let runnable = kvm_mp_state { mp_state: KVM_MP_STATE_RUNNABLE };
        kvm("make a vCPU runnable", vcpu.set_mp_state(runnable))
    }

    fn ring3(&self) -> bool {
        self.privilege == Privilege::RING3
    }

    /// The stack is as CALL leaves it: 8 bytes below a multiple of 16.
    fn general(&self) -> kvm_regs {
        kvm_regs {
            rip: self.booted.entry,
            rsp: Booted::area(self.index) + vcpu_area::BOOT_STACK_TOP - 8,
            rdi: Booted::argument(),
            rsi: self.index as u64,
            rflags: if self.ring3() { RFLAGS | INTERRUPT_FLAG } else { RFLAGS },
            ..kvm_regs::default()
        }
    }

    fn set_system_registers(&self, vcpu: &VcpuFd) -> Result<(), VmError> {
        let area = Booted::area(self.index);
        let mut registers = kvm("read a vCPU's registers", vcpu.get_sregs())?;
        registers.cr0 = CR0;
        registers.cr3 = self.booted.page_table.as_u64();
        registers.cr4 = CR4;
        if self.state.has_xsave() {
            registers.cr4 |= CR4_OSXSAVE;
        }
        if self.fsgsbase {
            registers.cr4 |= CR4_FSGSBASE;
        }
        registers.efer = EFER;
        registers.apic_base = APIC_BASE | if self.index == 0 { APIC_BOOT_PROCESSOR } else { 0 };
        self.set_segments(&mut registers);
        registers.gdt = table(area + vcpu_area::GDT, GDT_LIMIT);
        registers.idt = table(area + vcpu_area::IDT, IDT_LIMIT);
        registers.tr = kvm_segment {
            base: area + vcpu_area::TSS,
            limit: TSS_LIMIT.into(),
            selector: selector::TASK,
            type_: 0xb,
            present: 1,
            ..kvm_segment::default()
        };
        kvm("set a vCPU's system registers", vcpu.set_sregs(&registers))
    }

    fn set_segments(&self, registers: &mut kvm_sregs) {
        let (code, data, level) = if self.ring3() {
            (selector::USER_CODE, selector::USER_DATA, 3)
        } else {
            (selector::KERNEL_CODE, selector::KERNEL_DATA, 0)
        };
        let flat = kvm_segment { limit: u32::MAX, present: 1, dpl: level, s: 1, g: 1, ..kvm_segment::default() };
        registers.cs = kvm_segment { selector: code, type_: 0xb, l: 1, ..flat };
        registers.ss = kvm_segment { selector: data, type_: 3, db: 1, ..flat };
        let unused = kvm_segment { unusable: 1, ..kvm_segment::default() };
        (registers.ds, registers.es) = (unused, unused);
        (registers.fs, registers.gs) = (unused, unused);
    }

    /// In ring3 mode SYSCALL arrives at CPL3, where nothing could set the interrupt flag again: it stays.
    fn set_model_registers(&self, vcpu: &VcpuFd) -> Result<(), VmError> {
        let mask = if self.ring3() { FMASK & !INTERRUPT_FLAG } else { FMASK };
        let entry = Booted::area(self.index) + vcpu_area::CODE + self.booted.system_call;
        set_msrs(vcpu, &[(MSR_STAR, STAR), (MSR_LSTAR, entry), (MSR_FMASK, mask)])?;
        if !self.ring3() {
            // RDTSCP's third result; where KVM lacks the register, the vDSO's map has no entry for what programs read.
            let _ = set_msrs(vcpu, &[(MSR_TSC_AUX, self.index as u64)]);
        }
        Ok(())
    }
}

fn table(base: u64, limit: u16) -> kvm_dtable {
    kvm_dtable { base, limit, ..kvm_dtable::default() }
}

fn set_msrs(vcpu: &VcpuFd, values: &[(u32, u64)]) -> Result<(), VmError> {
    const WHAT: &str = "set a vCPU's model-specific registers";
    let entries: Vec<_> = values
        .iter()
        .map(|(index, data)| kvm_msr_entry { index: *index, data: *data, ..kvm_msr_entry::default() })
        .collect();
    let failed = |number| VmError::Kvm { what: WHAT, source: kvm_ioctls::Error::new(number) };
    let msrs = Msrs::from_entries(&entries).map_err(|_| failed(libc::E2BIG))?;
    if kvm(WHAT, vcpu.set_msrs(&msrs))? < entries.len() {
        return Err(failed(libc::EINVAL));
    }
    Ok(())
}

fn set_state(vcpu: &VcpuFd, mask: u64) -> Result<(), VmError> {
    let mut registers = kvm_xcrs { nr_xcrs: 1, ..kvm_xcrs::default() };
    registers.xcrs[0].value = mask;
    kvm("enable a vCPU's vector state", vcpu.set_xcrs(&registers))
}

/// Gives the guest the host's time-stamp counter, so that the time page holds on both sides.
fn set_clock(vcpu: &VcpuFd) -> Result<(), VmError> {
    if vcpu_clock::set_offset(vcpu, 0).is_err() {
        set_msrs(vcpu, &[(MSR_TSC, processor::ticks())])?;
    }
    let entry = kvm_msr_entry { index: MSR_TSC, ..kvm_msr_entry::default() };
    let mut msrs = Msrs::from_entries(&[entry]).map_err(|_| VmError::Clock)?;
    let before = processor::ticks();
    kvm("read a vCPU's clock", vcpu.get_msrs(&mut msrs))?;
    let guest = msrs.as_slice()[0].data;
    let lowest = before.saturating_sub(CLOCK_TOLERANCE);
    let highest = processor::ticks().saturating_add(CLOCK_TOLERANCE);
    if (lowest..highest).contains(&guest) { Ok(()) } else { Err(VmError::Clock) }
}

/// Software-enables the local APIC, as firmware would (Intel SDM vol. 3, 11.4.7.2).
fn enable_apic(vcpu: &VcpuFd) -> Result<(), VmError> {
    let mut apic = kvm("read a local APIC", vcpu.get_lapic())?;
    set_apic_register(&mut apic, APIC_SPURIOUS, APIC_ENABLE | u32::from(vector::SPURIOUS));
    set_apic_register(&mut apic, APIC_TASK_PRIORITY, 0);
    kvm("set a local APIC", vcpu.set_lapic(&apic))
}

fn set_apic_register(apic: &mut kvm_lapic_state, offset: usize, value: u32) {
    for (place, byte) in apic.regs[offset..offset + 4].iter_mut().zip(value.to_le_bytes()) {
        *place = byte.cast_signed();
    }
}

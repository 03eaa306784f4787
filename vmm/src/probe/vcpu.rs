//! A vCPU that is in long mode from its first instruction, with the code of the tiny guest before it.

use std::io::ErrorKind;

use kvm_bindings::{KVM_MAX_CPUID_ENTRIES, KVM_MP_STATE_RUNNABLE, Msrs, kvm_mp_state, kvm_msr_entry, kvm_regs};
use kvm_ioctls::{Kvm, VcpuExit, VcpuFd, VmFd};
use virtio_ikc::layout::selector;
use vm_memory::{GuestAddress, GuestMemoryMmap};

use super::registers::{Level, set_long_mode};
use super::{ProbeError, tables};
use crate::arch::memory_slot;
use crate::arch::probe_code::{self, Label};

const MSR_STAR: u32 = 0xc000_0081;
const MSR_LSTAR: u32 = 0xc000_0082;
const MSR_FMASK: u32 = 0xc000_0084;
/// RFLAGS: the bit that is always set, and that interrupts may arrive.
const FLAGS: u64 = 2;
const FLAGS_INTERRUPTS: u64 = 0x200;
/// Bits of the APIC base register.
const APIC_ENABLED: u64 = 0x800;
const APIC_X2: u64 = 0x400;
/// The spurious-interrupt vector register, and vector 255 with the APIC switched on.
const APIC_SPURIOUS: usize = 0xf0;
const APIC_SPURIOUS_ON: [libc::c_char; 2] = [-1, 1];
/// `KVM_SET_TSS_ADDR`: three pages that Intel's VMX needs below 4 GiB and the guest never sees.
const VMX_PAGES: usize = 0xfffb_d000;

/// How a vCPU begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    pub(super) level: Level,
    pub(super) label: Label,
    /// How often to repeat.
    pub(super) repeat: u64,
    /// Where to store.
    pub(super) target: u64,
    /// How many ticks to wait between repetitions.
    pub(super) pause: u64,
    /// Whether interrupts arrive.
    pub(super) interruptible: bool,
}

impl Default for Start {
    fn default() -> Self {
        Self {
            level: Level::Cpl3,
            label: Label::Loop,
            repeat: 1,
            target: tables::DEVICE,
            pause: 0,
            interruptible: false,
        }
    }
}

/// A vCPU.
pub(super) struct Vcpu {
    fd: VcpuFd,
    tsc_khz: f64,
}

/// Opens /dev/kvm.
pub(crate) fn open() -> Result<Kvm, ProbeError> {
    Kvm::new().map_err(|source| match std::io::Error::from_raw_os_error(source.errno()).kind() {
        ErrorKind::NotFound => ProbeError::Absent,
        ErrorKind::PermissionDenied => ProbeError::Permission,
        _ => ProbeError::Kvm { what: "be opened", source },
    })
}

/// Makes a virtual machine with the tables and the code; `breakpoint` handles breakpoints.
pub(super) fn create_vm(kvm: &Kvm, breakpoint: Label) -> Result<(VmFd, GuestMemoryMmap), ProbeError> {
    let vm = kvm.create_vm().map_err(failed("create a virtual machine"))?;
    vm.set_tss_address(VMX_PAGES).map_err(failed("place the pages of VMX"))?;
    let memory = GuestMemoryMmap::from_ranges(&[(GuestAddress(0), tables::MEMORY_BYTES)])
        .map_err(|_| failed("map memory")(invalid()))?;
    tables::write(&memory, breakpoint).map_err(|_| failed("fill memory")(invalid()))?;
    memory_slot::add_memory(&vm, &memory).map_err(failed("give memory to a guest"))?;
    Ok((vm, memory))
}

/// Makes a failure of KVM an error that says at what.
pub(super) fn failed(what: &'static str) -> impl FnOnce(kvm_ioctls::Error) -> ProbeError {
    move |source| ProbeError::Kvm { what, source }
}

/// The error of what KVM was not even asked for.
pub(super) fn invalid() -> kvm_ioctls::Error {
    kvm_ioctls::Error::new(libc::EINVAL)
}

impl Vcpu {
    pub(super) fn new(kvm: &Kvm, vm: &VmFd, id: u64) -> Result<Self, ProbeError> {
        let fd = vm.create_vcpu(id).map_err(failed("create a vCPU"))?;
        let cpuid = kvm.get_supported_cpuid(KVM_MAX_CPUID_ENTRIES).map_err(failed("list CPU features"))?;
        fd.set_cpuid2(&cpuid).map_err(failed("set CPU features"))?;
        let tsc_khz = f64::from(fd.get_tsc_khz().map_err(failed("tell the TSC's frequency"))?);
        let vcpu = Self { fd, tsc_khz };
        vcpu.set_system_call_entry()?;
        Ok(vcpu)
    }

    /// Sets all registers for a new run.
    pub(super) fn start(&self, start: &Start) -> Result<(), ProbeError> {
        let mut sregs = self.fd.get_sregs().map_err(failed("read registers"))?;
        set_long_mode(&mut sregs, start.level);
        self.fd.set_sregs(&sregs).map_err(failed("enter long mode"))?;
        let registers = kvm_regs {
            rip: tables::CODE + probe_code::offset(start.label),
            rsp: match start.level {
                Level::Cpl0 => tables::CPL0_STACK,
                Level::Cpl3 => tables::CPL3_STACK,
            },
            rcx: start.repeat,
            r12: start.repeat,
            r13: start.pause,
            rdi: tables::DEVICE,
            rsi: start.target,
            rflags: if start.interruptible { FLAGS_INTERRUPTS | FLAGS } else { FLAGS },
            ..Default::default()
        };
        self.fd.set_regs(&registers).map_err(failed("set registers"))
    }

    /// Runs until a store to a device leaves the guest.
    pub(super) fn until_store(&mut self) -> Result<(), ProbeError> {
        loop {
            match self.fd.run() {
                Ok(VcpuExit::MmioWrite(..)) => return Ok(()),
                Ok(other) => return Err(ProbeError::Unexpected(format!("{other:?}"))),
                Err(error) if error.errno() == libc::EINTR => {}
                Err(error) => return Err(failed("run a vCPU")(error)),
            }
        }
    }

    /// The registers as the guest left them.
    pub(super) fn registers(&self) -> Result<kvm_regs, ProbeError> {
        self.fd.get_regs().map_err(failed("read registers"))
    }

    /// Ticks of the TSC in nanoseconds, per repetition.
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn nanoseconds(&self, ticks: u64, repeat: u64) -> f64 {
        ticks as f64 * 1e6 / self.tsc_khz / repeat as f64
    }

    /// How many ticks of the TSC a microsecond has, rounded.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub(super) fn ticks_per_microsecond(&self) -> u64 {
        (self.tsc_khz / 1e3) as u64
    }

    /// Switches the local APIC on, in x2APIC mode (Intel SDM vol. 3, 11.12.1), and the vCPU too.
    pub(super) fn enable_apic(&self) -> Result<(), ProbeError> {
        let what = "switch a local APIC on";
        let mut sregs = self.fd.get_sregs().map_err(failed(what))?;
        sregs.apic_base |= APIC_ENABLED | APIC_X2;
        self.fd.set_sregs(&sregs).map_err(failed(what))?;
        let mut lapic = self.fd.get_lapic().map_err(failed(what))?;
        for (register, byte) in lapic.regs[APIC_SPURIOUS..].iter_mut().zip(APIC_SPURIOUS_ON) {
            *register = byte;
        }
        self.fd.set_lapic(&lapic).map_err(failed(what))?;
        let runnable = kvm_mp_state { mp_state: KVM_MP_STATE_RUNNABLE };
        self.fd.set_mp_state(runnable).map_err(failed("start a vCPU"))
    }

    fn set_system_call_entry(&self) -> Result<(), ProbeError> {
        let entry = tables::CODE + probe_code::offset(Label::CallEntry);
        // SYSRET to selector 0x23 + 16, SYSCALL to 0x10 (Intel SDM vol. 3, 5.8.8).
        let star = 0x0023_0000_u64 + u64::from(selector::KERNEL_CODE);
        let entries = [(MSR_STAR, star << 32), (MSR_LSTAR, entry), (MSR_FMASK, 0x4_7700)]
            .map(|(index, data)| kvm_msr_entry { index, data, ..Default::default() });
        let msrs = Msrs::from_entries(&entries).map_err(|_| failed("list MSRs")(invalid()))?;
        let set = self.fd.set_msrs(&msrs).map_err(failed("set MSRs"))?;
        if set == entries.len() { Ok(()) } else { Err(failed("set the entry of system calls")(invalid())) }
    }
}

//! A virtual machine with one vCPU, and what is timed in it.

use kvm_ioctls::{IoEventAddress, Kvm, NoDatamatch, VmFd};
use vm_memory::GuestMemoryMmap;
use vmm_sys_util::eventfd::EventFd;

use super::registers::Level;
use super::vcpu::{Start, Vcpu, create_vm, failed, invalid};
use super::{ProbeError, tables};
use crate::arch::probe_code::Label;

/// What a run showed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    /// Nanoseconds per repetition.
    pub(super) nanoseconds: f64,
    /// The code segment that a handler on the way ran with.
    pub(super) segment: u64,
}

/// The machine.
pub(super) struct Guest {
    vcpu: Vcpu,
    vm: VmFd,
    // Declared last: it is unmapped after the machine is gone.
    _memory: GuestMemoryMmap,
}

impl Guest {
    pub(super) fn new(kvm: &Kvm) -> Result<Self, ProbeError> {
        let (vm, memory) = create_vm(kvm, Label::BreakpointHandler)?;
        let vcpu = Vcpu::new(kvm, &vm, 0)?;
        Ok(Self { vcpu, vm, _memory: memory })
    }

    /// Runs the code at `label` with so many repetitions until it stores to the device that does not exist.
    pub(super) fn run(&mut self, level: Level, label: Label, repeat: u64) -> Result<Outcome, ProbeError> {
        self.start(level, label, repeat, tables::DEVICE)?;
        self.vcpu.until_store()?;
        self.outcome(repeat)
    }

    /// Nanoseconds per store to the device, each of which comes out here.
    pub(super) fn time_exits(&mut self, repeat: u64) -> Result<Outcome, ProbeError> {
        self.start(Level::Cpl3, Label::Stores, repeat, tables::DEVICE)?;
        for _ in 0..=repeat {
            self.vcpu.until_store()?;
        }
        self.outcome(repeat)
    }

    /// Nanoseconds per store to the doorbell, which the kernel turns into an event.
    pub(super) fn time_doorbell(&mut self, event: &EventFd, repeat: u64) -> Result<Outcome, ProbeError> {
        self.start(Level::Cpl3, Label::Stores, repeat, tables::DOORBELL)?;
        self.vcpu.until_store()?;
        match event.read() {
            Ok(rings) if rings == repeat => self.outcome(repeat),
            other => Err(ProbeError::Unexpected(format!("{other:?} of {repeat} rings of a doorbell"))),
        }
    }

    /// Attaches an event to the doorbell.
    pub(super) fn attach_doorbell(&self) -> Result<EventFd, ProbeError> {
        let event =
            EventFd::new(libc::EFD_NONBLOCK | libc::EFD_CLOEXEC).map_err(|_| failed("make an event")(invalid()))?;
        let address = IoEventAddress::Mmio(tables::DOORBELL_PHYSICAL);
        let attached = self.vm.register_ioevent(&event, &address, NoDatamatch);
        attached.map_err(failed("attach a doorbell"))?;
        Ok(event)
    }

    fn start(&self, level: Level, label: Label, repeat: u64, target: u64) -> Result<(), ProbeError> {
        self.vcpu.start(&Start { level, label, repeat, target, ..Start::default() })
    }

    fn outcome(&self, repeat: u64) -> Result<Outcome, ProbeError> {
        let registers = self.vcpu.registers()?;
        let nanoseconds = self.vcpu.nanoseconds(registers.r9.wrapping_sub(registers.r8), repeat);
        Ok(Outcome { nanoseconds, segment: registers.r10 })
    }
}

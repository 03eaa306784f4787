//! What the vCPUs of a partition are: decided once, before memory is filled and vCPUs are made.

use kvm_ioctls::{Cap, Kvm};
use virtio_ikc::boot::{Privilege, flag};

use super::cpu_features::RDPID;
use super::cpuid::Cpuid;
use super::registers::Start;
use super::{ExtendedState, VmError};
use crate::arch::processor;
use crate::boot::Booted;

/// The kind of processor that every vCPU of a partition is.
#[derive(Clone, Debug)]
pub struct Processors {
    pub(super) cpuid: Cpuid,
    privilege: Privilege,
    state: ExtendedState,
}

impl Processors {
    /// The best that this host's KVM can make.
    ///
    /// # Errors
    /// [`VmError`]
    pub fn new(device: &Kvm, vcpus: usize, privilege: Privilege) -> Result<Self, VmError> {
        let mut state = ExtendedState::of_host();
        if !device.check_extension(Cap::Xcrs) {
            state.mask = 0;
        }
        let cpuid = Cpuid::new(device, vcpus, privilege == Privilege::RING3, state)?;
        Ok(Self { cpuid, privilege, state })
    }

    /// The flags of the boot page that tell of the processor.
    #[must_use]
    pub fn flags(&self) -> u32 {
        let when = |condition, flag| if condition { flag } else { 0 };
        when(self.cpuid.has_fsgsbase(), flag::FSGSBASE)
            | when(self.state.has_xsave(), flag::XSAVE)
            | when(self.state.has_xsaveopt(), flag::XSAVEOPT)
            | when(self.cpuid.has_huge_pages(), flag::HUGE_PAGES)
            | when(self.privilege == Privilege::RING3 && has_rdpid(), flag::RDPID)
    }

    /// The vector state of programs.
    #[must_use]
    pub const fn state(&self) -> ExtendedState {
        self.state
    }

    /// Where the LWK runs.
    #[must_use]
    pub const fn privilege(&self) -> Privilege {
        self.privilege
    }

    /// What RDTSCP calls the vCPUs that run on `cpus`: where guests run natively at CPL3 the host's number, elsewhere the number that
    /// each vCPU was given.
    #[must_use]
    pub fn names(&self, cpus: &[u32]) -> Vec<u32> {
        match self.privilege {
            Privilege::RING3 => cpus.to_vec(),
            _ => (0..).zip(cpus).map(|(index, _)| index).collect(),
        }
    }

    pub(super) fn start(&self, index: usize, booted: Booted) -> Start {
        Start { index, privilege: self.privilege, booted, state: self.state, fsgsbase: self.cpuid.has_fsgsbase() }
    }
}

/// Whether programs can execute RDPID, and so guests at CPL3 where these run natively.
fn has_rdpid() -> bool {
    processor::cpuid(7, 0).ecx & RDPID != 0
}

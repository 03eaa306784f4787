//! What CPUID answers in the guest.

use kvm_bindings::{CpuId, KVM_CPUID_FLAG_SIGNIFCANT_INDEX, KVM_MAX_CPUID_ENTRIES, kvm_cpuid_entry2};
use kvm_ioctls::Kvm;

use super::cpu_features::{FEATURES, FSGSBASE, HUGE_PAGES, apply};
use super::error::kvm;
use super::{ExtendedState, VmError};
use crate::arch::processor;

/// x2APIC, and the deadline mode of its timer (leaf 1, ECX).
const X2APIC: u32 = 1 << 21 | 1 << 24;
/// Leaves that describe caches and clocks; they are told as the host has them.
const DESCRIPTIVE: [u32; 9] = [2, 4, 0x15, 0x16, 0x8000_0005, 0x8000_0006, 0x8000_001d, 0x8000_0002, 0x8000_0003];
/// Where KVM offers its paravirtual devices, none of which the LWK uses.
const PARAVIRTUAL: u32 = 0x4000_0001;
const EXTENDED_STATE: u32 = 0xd;
/// Subleaves of a descriptive leaf at most.
const MOST_SUBLEAVES: u32 = 8;

/// The answers for one vCPU after another.
#[derive(Clone, Debug)]
pub(super) struct Cpuid {
    entries: Vec<kvm_cpuid_entry2>,
    vcpus: u32,
}

impl Cpuid {
    /// The answers for a machine of `vcpus` vCPUs; with `native`, guests at CPL3 have all of the processor.
    pub(super) fn new(device: &Kvm, vcpus: usize, native: bool, state: ExtendedState) -> Result<Self, VmError> {
        let supported = kvm("list the processor's features", device.get_supported_cpuid(KVM_MAX_CPUID_ENTRIES))?;
        let mut cpuid =
            Self { entries: supported.as_slice().to_vec(), vcpus: u32::try_from(vcpus).unwrap_or(u32::MAX) };
        if native {
            cpuid.describe_host();
        }
        for features in &FEATURES {
            let host = native.then(|| processor::cpuid(features.leaf, features.subleaf));
            apply(cpuid.entry(features.leaf, features.subleaf), features, host);
        }
        cpuid.describe_state(native, state);
        cpuid.entry(1, 0).ecx |= X2APIC;
        let paravirtual = cpuid.entry(PARAVIRTUAL, 0);
        (paravirtual.eax, paravirtual.ebx, paravirtual.ecx, paravirtual.edx) = (0, 0, 0, 0);
        Ok(cpuid)
    }

    /// Whether page-directory-pointer entries can map 1 GiB.
    pub(super) fn has_huge_pages(&self) -> bool {
        self.find(0x8000_0001, 0).is_some_and(|entry| entry.edx & HUGE_PAGES != 0)
    }

    /// Whether CPL3 can write the FS and GS bases.
    pub(super) fn has_fsgsbase(&self) -> bool {
        self.find(7, 0).is_some_and(|entry| entry.ebx & FSGSBASE != 0)
    }

    /// The answers for vCPU `index`.
    pub(super) fn of_vcpu(&self, index: usize) -> Result<CpuId, VmError> {
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        let mut entries = self.entries.clone();
        entries.retain(|entry| !matches!(entry.function, 0xb | 0x1f));
        for entry in &mut entries {
            self.place(entry, index);
        }
        entries.extend(self.topology(0xb, index));
        entries.truncate(KVM_MAX_CPUID_ENTRIES);
        CpuId::from_entries(&entries).map_err(|_| VmError::Kvm {
            what: "list the processor's features",
            source: kvm_ioctls::Error::new(libc::E2BIG),
        })
    }

    /// Bits that a number below the number of vCPUs has.
    fn width(&self) -> u32 {
        self.vcpus.next_power_of_two().trailing_zeros()
    }

    fn place(&self, entry: &mut kvm_cpuid_entry2, index: u32) {
        match entry.function {
            1 => {
                entry.ebx = entry.ebx & 0xffff | index << 24 | (1 << self.width()).min(255) << 16;
                entry.edx = entry.edx & !(1 << 28) | u32::from(self.vcpus > 1) << 28;
            }
            4 if entry.eax & 0x1f != 0 => {
                let sharing = if entry.eax >> 5 & 7 < 3 { 0 } else { (1 << self.width()) - 1 };
                entry.eax = entry.eax & 0x3fff | sharing << 14 | ((1 << self.width()) - 1).min(63) << 26;
            }
            0x8000_0008 => entry.ecx = self.width() << 12 | (self.vcpus - 1).min(255),
            0x8000_001d if entry.eax & 0x1f != 0 => {
                let sharing = if entry.eax >> 5 & 7 < 3 { 0 } else { (1 << self.width()) - 1 };
                entry.eax = entry.eax & 0x3fff | sharing << 14;
            }
            0x8000_001e => (entry.eax, entry.ebx, entry.ecx) = (index, index, 0),
            _ => {}
        }
    }

    /// One thread a core, all cores in one package (Intel SDM vol. 2, CPUID leaf 0BH).
    fn topology(&self, leaf: u32, index: u32) -> [kvm_cpuid_entry2; 3] {
        let level = |subleaf, shift, count, kind: u32| kvm_cpuid_entry2 {
            function: leaf,
            index: subleaf,
            flags: KVM_CPUID_FLAG_SIGNIFCANT_INDEX,
            eax: shift,
            ebx: count,
            ecx: kind << 8 | subleaf,
            edx: index,
            ..kvm_cpuid_entry2::default()
        };
        [level(0, 0, 1, 1), level(1, self.width(), self.vcpus, 2), level(2, 0, 0, 0)]
    }

    fn describe_host(&mut self) {
        for leaf in [0, 0x8000_0000] {
            let highest = processor::cpuid(leaf, 0).eax;
            let entry = self.entry(leaf, 0);
            entry.eax = entry.eax.max(highest.min(leaf + 0x1f));
        }
        for leaf in DESCRIPTIVE {
            self.copy(leaf, 0);
            if matches!(leaf, 4 | 0x8000_001d) {
                (1..MOST_SUBLEAVES).for_each(|subleaf| self.copy(leaf, subleaf));
            }
        }
    }

    fn describe_state(&mut self, native: bool, state: ExtendedState) {
        if native {
            (2..u64::BITS).filter(|component| state.mask >> component & 1 == 1).for_each(|component| {
                self.copy(EXTENDED_STATE, component);
            });
        }
        let entry = self.entry(EXTENDED_STATE, 0);
        (entry.eax, entry.edx) = ((state.mask & 0xffff_ffff) as u32, (state.mask >> 32) as u32);
        (entry.ebx, entry.ecx) = (state.bytes, state.bytes);
        self.entries.retain(|entry| {
            entry.function != EXTENDED_STATE || entry.index < 2 || state.mask >> entry.index.min(63) & 1 == 1
        });
    }

    fn copy(&mut self, leaf: u32, subleaf: u32) {
        let host = processor::cpuid(leaf, subleaf);
        if [host.eax, host.ebx, host.ecx, host.edx] == [0; 4] {
            return;
        }
        let entry = self.entry(leaf, subleaf);
        (entry.eax, entry.ebx, entry.ecx, entry.edx) = (host.eax, host.ebx, host.ecx, host.edx);
    }

    fn find(&self, leaf: u32, subleaf: u32) -> Option<&kvm_cpuid_entry2> {
        self.entries.iter().find(|entry| (entry.function, entry.index) == (leaf, subleaf))
    }

    fn entry(&mut self, leaf: u32, subleaf: u32) -> &mut kvm_cpuid_entry2 {
        let found = self.entries.iter().position(|entry| (entry.function, entry.index) == (leaf, subleaf));
        let position = found.unwrap_or_else(|| {
            let indexed = matches!(leaf, 4 | 7 | EXTENDED_STATE | 0x8000_001d);
            let flags = if indexed { KVM_CPUID_FLAG_SIGNIFCANT_INDEX } else { 0 };
            self.entries.push(kvm_cpuid_entry2 {
                function: leaf,
                index: subleaf,
                flags,
                ..kvm_cpuid_entry2::default()
            });
            self.entries.len() - 1
        });
        &mut self.entries[position]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cpuid(vcpus: usize) -> Cpuid {
        let device = Kvm::new().expect("/dev/kvm");
        Cpuid::new(&device, vcpus, true, ExtendedState::of_host()).expect("listed")
    }

    #[test]
    fn programs_see_the_vector_units_of_the_host() {
        let guest = cpuid(1);
        let seen = guest.find(7, 0).expect("leaf 7").ebx;
        assert_eq!(seen & 1 << 5, processor::cpuid(7, 0).ebx & 1 << 5);
        assert_eq!(guest.find(EXTENDED_STATE, 0).expect("leaf 13").ecx, ExtendedState::of_host().bytes);
    }

    #[test]
    fn every_vcpu_has_a_number_of_its_own() {
        let guest = cpuid(3);
        let answers = guest.of_vcpu(2).expect("answers");
        let topology = answers.as_slice().iter().filter(|entry| entry.function == 0xb).collect::<Vec<_>>();
        assert!(topology.iter().all(|entry| entry.edx == 2));
        assert_eq!((topology[1].eax, topology[1].ebx), (2, 3));
    }
}

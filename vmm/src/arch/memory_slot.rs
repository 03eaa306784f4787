//! Giving memory to a virtual machine.
#![allow(unsafe_code)]

use kvm_bindings::kvm_userspace_memory_region;
use kvm_ioctls::VmFd;
use vm_memory::{GuestMemoryBackend, GuestMemoryMmap, GuestMemoryRegion, MemoryRegionAddress};

/// Makes every region of `memory` a memory slot of `vm`, numbered from 0.
///
/// The regions must stay mapped as long as the machine has them; those of a partition always do, and a caller with
/// others keeps `memory` until it has dropped the machine.
pub(crate) fn add_memory(vm: &VmFd, memory: &GuestMemoryMmap) -> Result<(), kvm_ioctls::Error> {
    for (slot, region) in (0..).zip(memory.iter()) {
        let Ok(address) = region.get_host_address(MemoryRegionAddress(0)) else {
            continue;
        };
        let slot = kvm_userspace_memory_region {
            slot,
            flags: 0,
            guest_phys_addr: region.start_addr().0,
            memory_size: region.len(),
            userspace_addr: address.addr() as u64,
        };
        // SAFETY: the slot is exactly a region that vm-memory has mapped, and by the rule above it stays mapped.
        unsafe { vm.set_user_memory_region(slot)? };
    }
    Ok(())
}

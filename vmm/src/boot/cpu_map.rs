//! The map behind the time page from what RDTSCP says to the partition's number for a processor.

use std::mem::offset_of;

use virtio_ikc::address::GuestPhysical;
use virtio_ikc::boot::{CPU_MAP_ENTRIES, CPU_MAP_OFFSET, TimePage};
use vm_memory::{Bytes, GuestAddress, GuestMemoryMmap};

use super::BootError;

/// Writes the map into the time page at `page`; `names` is what RDTSCP says on each vCPU, and RDPID if it can be used. Of vCPUs that
/// share an entry only the system call knows which one it is.
pub(super) fn write(
    memory: &GuestMemoryMmap,
    page: GuestPhysical,
    names: &[u32],
    has_rdpid: bool,
) -> Result<(), BootError> {
    let place = GuestAddress(page.as_u64() + offset_of!(TimePage, has_rdpid) as u64);
    memory.write_obj(u32::from(has_rdpid), place).map_err(|_| BootError::Outside(page))?;
    let entries: Vec<usize> = names.iter().map(|name| *name as usize % CPU_MAP_ENTRIES).collect();
    for (vcpu, entry) in (1_u16..).zip(&entries) {
        if entries.iter().filter(|other| *other == entry).count() > 1 {
            continue;
        }
        let place = page.as_u64() + (CPU_MAP_OFFSET + 2 * entry) as u64;
        memory.write_obj(vcpu, GuestAddress(place)).map_err(|_| BootError::Outside(page))?;
    }
    Ok(())
}

//! A program's memory without the lock of its address space: for quick calls (`syscall/quick.rs`), during which the vCPU counts as being
//! in its program, so that no page and no table of it is given back.

use lwk_core::page_table::EntryFlags;
use virtio_ikc::address::GuestPhysical;
use virtio_ikc::layout::PROGRAM_END;

use super::page_table::{self, LEAF};
use crate::arch::direct_map;

/// The eight bytes at `address` in the address space with the page table `root`, if they are there and lie in the partition's memory.
pub fn read(root: GuestPhysical, address: u64) -> Option<u64> {
    let place = place_of(root, address, EntryFlags::PRESENT)?;
    Some(direct_map::read_plain(place))
}

/// Writes them, if they are there and may be written as they are; whether they were.
pub fn write(root: GuestPhysical, address: u64, value: u64) -> bool {
    let place = place_of(root, address, EntryFlags::PRESENT | EntryFlags::WRITABLE);
    if let Some(place) = place {
        direct_map::write(place, &value.to_le_bytes());
    }
    place.is_some()
}

/// Where they are. Those that are not aligned may lie in two pages.
fn place_of(root: GuestPhysical, address: u64, wanted: EntryFlags) -> Option<GuestPhysical> {
    if address >= PROGRAM_END || !address.is_multiple_of(8) {
        return None;
    }
    let mapping = page_table::find(root, address).filter(|mapping| mapping.entry.flags().contains(wanted | LEAF))?;
    let place = mapping.physical(address);
    (!direct_map::is_window(place, 8)).then_some(place)
}

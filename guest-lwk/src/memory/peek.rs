//! A program's memory without the lock of its address space: for quick calls (`syscall/quick.rs`), during which the vCPU counts as being
//! in its program, so that no page and no table of it is given back.

use core::sync::atomic::{AtomicU64, Ordering};

use lwk_core::page_table::EntryFlags;
use virtio_ikc::address::{GuestPhysical, PAGE_SIZE};
use virtio_ikc::layout::PROGRAM_END;

use super::page_table::{self, LEAF};
use crate::arch::direct_map;

/// A page of a program's that lies in the partition's memory.
#[derive(Clone, Copy)]
pub struct Page {
    start: u64,
    place: GuestPhysical,
    flags: EntryFlags,
}

/// The page that holds `address` in the address space with the page table `root`, if it can be accessed.
pub fn page(root: GuestPhysical, address: u64) -> Option<Page> {
    if address >= PROGRAM_END {
        return None;
    }
    let start = address & !(PAGE_SIZE - 1);
    let mapping = page_table::find(root, start)?;
    let (place, flags) = (mapping.physical(start), mapping.entry.flags());
    let is_there = flags.contains(EntryFlags::PRESENT | LEAF) && !direct_map::is_window(place, PAGE_SIZE);
    is_there.then_some(Page { start, place, flags })
}

impl Page {
    /// Whether `address` lies in it.
    pub fn holds(&self, address: u64) -> bool {
        address & !(PAGE_SIZE - 1) == self.start
    }

    /// The eight bytes at `address`. Those that are not aligned may lie in two pages.
    pub fn read(&self, address: u64) -> Option<u64> {
        Some(self.word(address)?.load(Ordering::Relaxed))
    }

    /// Writes them, if they may be written as they are; whether they were.
    pub fn write(&self, address: u64, value: u64) -> bool {
        let word = self.word(address).filter(|_| self.flags.contains(EntryFlags::WRITABLE));
        word.map(|word| word.store(value, Ordering::Relaxed)).is_some()
    }

    fn word(&self, address: u64) -> Option<&'static AtomicU64> {
        let is_here = self.holds(address) && address.is_multiple_of(8);
        is_here.then(|| direct_map::mapped_word(GuestPhysical(self.place.0 + (address - self.start))))
    }
}

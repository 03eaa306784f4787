//! The page tables that vCPUs start with (Intel SDM vol. 3, 4.5). Everything lies in the LWK's slot.
//!
//! Accessed and dirty bits are set in advance: on hosts with software virtualization the first write through an entry would cost
//! an exit otherwise.

use virtio_ikc::address::{GuestPhysical, HUGE_PAGE_SIZE, LARGE_PAGE_SIZE, PAGE_SIZE};
use virtio_ikc::boot::flag;
use virtio_ikc::layout::{DIRECT_MAP, WINDOW, WINDOW_BYTES, WINDOW_PHYSICAL};
use vm_memory::{Address, Bytes, GuestAddress, GuestMemoryBackend, GuestMemoryMmap, GuestMemoryRegion};

use super::BootError;
use super::frames::Frames;

const PRESENT: u64 = 1;
const WRITABLE: u64 = 1 << 1;
const USER: u64 = 1 << 2;
const WRITE_THROUGH: u64 = 1 << 3;
const UNCACHED: u64 = 1 << 4;
const ACCESSED: u64 = 1 << 5;
const DIRTY: u64 = 1 << 6;
const LARGE: u64 = 1 << 7;
const NO_EXECUTE: u64 = 1 << 63;
const ADDRESS: u64 = 0x000f_ffff_ffff_f000;

/// What may be done with a page, as bits of its entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rights(u64);

impl Rights {
    /// Read and execute.
    pub(super) const CODE: Self = Self(0);
    /// Read.
    pub(super) const CONSTANT: Self = Self(NO_EXECUTE);
    /// Read and write.
    pub(super) const DATA: Self = Self(NO_EXECUTE | WRITABLE);
    /// Read and write, past the caches.
    pub(super) const DEVICE: Self = Self(NO_EXECUTE | WRITABLE | UNCACHED | WRITE_THROUGH);
}

/// Page tables under construction.
#[derive(Debug)]
pub(super) struct PageTables<'m, 'f> {
    memory: &'m GuestMemoryMmap,
    frames: &'f mut Frames,
    root: GuestPhysical,
    user: u64,
}

impl<'m, 'f> PageTables<'m, 'f> {
    /// Empty tables; with `user`, CPL3 may use what is mapped.
    pub(super) fn new(memory: &'m GuestMemoryMmap, frames: &'f mut Frames, user: bool) -> Result<Self, BootError> {
        let root = frames.take(1)?;
        Ok(Self { memory, frames, root, user: if user { USER } else { 0 } })
    }

    /// The top-level table.
    pub(super) const fn root(&self) -> GuestPhysical {
        self.root
    }

    /// Maps all memory at [`DIRECT_MAP`], by the largest pages that `flags` of the boot page allow.
    pub(super) fn map_memory(&mut self, flags: u32) -> Result<(), BootError> {
        let largest = if flags & flag::HUGE_PAGES != 0 { HUGE_PAGE_SIZE } else { LARGE_PAGE_SIZE };
        for region in self.memory.iter() {
            let start = region.start_addr().raw_value();
            self.map_by(DIRECT_MAP + start, start, region.len(), Rights::DATA, largest)?;
        }
        Ok(())
    }

    /// Maps the window of shared mappings at [`WINDOW`] as the memory is mapped. What no file lies behind faults only when it
    /// is touched.
    ///
    /// It is large, so each table of large pages is made at once and written whole: entry by entry this would take longer than
    /// all the rest of the boot.
    pub(super) fn map_window(&mut self, flags: u32) -> Result<(), BootError> {
        if flags & flag::HUGE_PAGES != 0 {
            return self.map_by(WINDOW, WINDOW_PHYSICAL, WINDOW_BYTES, Rights::DATA, HUGE_PAGE_SIZE);
        }
        let upper = self.next_table(self.root, WINDOW >> 39 & 511)?;
        for start in (0..WINDOW_BYTES / HUGE_PAGE_SIZE).map(|number| number * HUGE_PAGE_SIZE) {
            let table = self.next_table(upper, (WINDOW + start) >> 30 & 511)?;
            let bits = Rights::DATA.0 | LARGE | self.user | PRESENT | ACCESSED | DIRTY;
            let entries = (0..512).flat_map(|index| {
                let page = WINDOW_PHYSICAL + start + index * LARGE_PAGE_SIZE;
                (page | bits).to_le_bytes()
            });
            let entries: Vec<u8> = entries.collect();
            let written = self.memory.write_slice(&entries, GuestAddress(table.as_u64()));
            written.map_err(|_| BootError::Outside(table))?;
        }
        Ok(())
    }

    /// Maps `length` bytes (whole pages) at `address` to `physical` by small pages.
    pub(super) fn map(&mut self, address: u64, physical: u64, length: u64, rights: Rights) -> Result<(), BootError> {
        self.map_by(address, physical, length, rights, PAGE_SIZE)
    }

    fn map_by(
        &mut self,
        address: u64,
        physical: u64,
        length: u64,
        rights: Rights,
        largest: u64,
    ) -> Result<(), BootError> {
        let mut done = 0;
        while done < length {
            let (from, to) = (address + done, physical + done);
            let fits = |size: &&u64| **size <= largest && (from | to).is_multiple_of(**size) && length - done >= **size;
            let size = *[HUGE_PAGE_SIZE, LARGE_PAGE_SIZE].iter().find(fits).unwrap_or(&PAGE_SIZE);
            self.map_page(from, to, size, rights)?;
            done += size;
        }
        Ok(())
    }

    fn map_page(&mut self, address: u64, physical: u64, size: u64, rights: Rights) -> Result<(), BootError> {
        let last_shift = size.trailing_zeros();
        let mut table = self.root;
        let mut shift = 39;
        while shift > last_shift {
            table = self.next_table(table, address >> shift & 511)?;
            shift -= 9;
        }
        let large = if size == PAGE_SIZE { 0 } else { LARGE };
        let entry = physical | rights.0 | large | self.user | PRESENT | ACCESSED | DIRTY;
        self.write(table, address >> shift & 511, entry)
    }

    fn next_table(&mut self, table: GuestPhysical, index: u64) -> Result<GuestPhysical, BootError> {
        let entry = self.read(table, index)?;
        if entry & PRESENT != 0 {
            return Ok(GuestPhysical(entry & ADDRESS));
        }
        let next = self.frames.take(1)?;
        self.write(table, index, next.as_u64() | self.user | PRESENT | WRITABLE | ACCESSED)?;
        Ok(next)
    }

    fn read(&self, table: GuestPhysical, index: u64) -> Result<u64, BootError> {
        let place = GuestAddress(table.as_u64() + index * 8);
        self.memory.read_obj(place).map_err(|_| BootError::Outside(table))
    }

    fn write(&self, table: GuestPhysical, index: u64, entry: u64) -> Result<(), BootError> {
        let place = GuestAddress(table.as_u64() + index * 8);
        self.memory.write_obj(entry, place).map_err(|_| BootError::Outside(table))
    }
}

//! What of an address space is in use, for /proc.

use alloc::vec::Vec;

use lwk_core::page_table::{EntryFlags, Level};
use lwk_core::vma::Vma;
use virtio_ikc::address::{LARGE_PAGE_SIZE, PAGE_SIZE};

use super::discard::is_resident;
use super::space::{AddressSpace, Heap, ProgramLayout};
use crate::arch::direct_map;
use crate::errno::Errno;

/// An area and what is resident of it, in bytes.
#[derive(Clone, Copy)]
pub struct AreaUse {
    /// The area.
    pub area: Vma,
    /// Bytes behind which there is memory.
    pub resident: u64,
    /// The part of it that was written.
    pub dirty: u64,
    /// Whether a large page is among it.
    pub has_large: bool,
}

/// What concerns a whole address space.
#[derive(Clone)]
pub struct SpaceUse {
    /// The program's parts.
    pub program: ProgramLayout,
    /// The heap.
    pub heap: Heap,
    /// The length of all areas.
    pub total: u64,
    /// The most that was.
    pub peak: u64,
    /// The most that was resident when somebody looked.
    pub resident_peak: u64,
}

impl AddressSpace {
    /// All areas, ascending, and the whole.
    pub fn in_use(&mut self) -> (Vec<AreaUse>, SpaceUse) {
        let areas: Vec<Vma> = self.areas.iter().copied().collect();
        let list: Vec<AreaUse> = areas.into_iter().map(|area| self.use_of(area)).collect();
        let resident = list.iter().map(|piece| piece.resident).sum();
        let total = self.areas.total_bytes();
        self.peak = self.peak.max(total);
        self.resident_peak = self.resident_peak.max(resident);
        let whole = SpaceUse {
            program: self.program.clone(),
            heap: self.heap,
            total,
            peak: self.peak,
            resident_peak: self.resident_peak,
        };
        (list, whole)
    }

    fn use_of(&mut self, area: Vma) -> AreaUse {
        let mut piece = AreaUse { area, resident: 0, dirty: 0, has_large: false };
        // It fails only where a large page would have to be split; an area never ends within one.
        let _ = self.table.visit(area.range(), &mut |_, level, entry| {
            if !entry.is_present() || !is_resident(*entry, level) {
                return;
            }
            piece.resident += level.entry_bytes();
            piece.has_large |= level != Level::Table;
            if entry.flags().contains(EntryFlags::DIRTY) {
                piece.dirty += level.entry_bytes();
            }
        });
        piece
    }

    /// How many bytes the tables of the lowest level take that map the pages of `list`, and those above one of them.
    pub fn table_bytes(list: &[AreaUse]) -> u64 {
        const UPPER: u64 = 3;
        let mut tables = UPPER;
        let mut next = 0;
        for area in list.iter().filter(|piece| piece.resident > 0 && !piece.has_large).map(|piece| piece.area) {
            let (first, end) = (area.start / LARGE_PAGE_SIZE, area.end.div_ceil(LARGE_PAGE_SIZE));
            tables += end.saturating_sub(first.max(next));
            next = end.max(next);
        }
        tables * PAGE_SIZE
    }

    /// Whether there is memory at `address`, and whether it may be written.
    pub fn page_at(&self, address: u64) -> Option<bool> {
        let flags = self.table.find(address)?.entry.flags();
        flags.contains(EntryFlags::PRESENT).then(|| flags.contains(EntryFlags::WRITABLE))
    }

    /// Copies what is resident at `address`, without populating anything: the caller may be another process.
    pub fn peek(&self, address: u64, to: &mut [u8]) -> Result<(), Errno> {
        let mut done = 0;
        while done < to.len() {
            let at = address.checked_add(done as u64).ok_or(Errno::EFAULT)?;
            let found = self.table.find(at).filter(|mapping| mapping.entry.is_present());
            let mapping = found.ok_or(Errno::EFAULT)?;
            let count = usize::try_from(mapping.remaining(at)).unwrap_or(usize::MAX).min(to.len() - done);
            direct_map::read(mapping.physical(at), &mut to[done..done + count]);
            done += count;
        }
        Ok(())
    }

    /// The same in the other direction, where the program itself may write.
    pub fn poke(&self, address: u64, from: &[u8]) -> Result<(), Errno> {
        let mut done = 0;
        while done < from.len() {
            let at = address.checked_add(done as u64).ok_or(Errno::EFAULT)?;
            let writable = EntryFlags::PRESENT | EntryFlags::WRITABLE;
            let found = self.table.find(at).filter(|mapping| mapping.entry.flags().contains(writable));
            let mapping = found.ok_or(Errno::EFAULT)?;
            let count = usize::try_from(mapping.remaining(at)).unwrap_or(usize::MAX).min(from.len() - done);
            direct_map::write(mapping.physical(at), &from[done..done + count]);
            done += count;
        }
        Ok(())
    }
}

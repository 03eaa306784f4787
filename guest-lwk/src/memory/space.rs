//! An address space: what a program was promised (its areas) and what is mapped of it (its page table).

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;

use lwk_core::commit::is_accounted;
use lwk_core::protection::Protection;
use lwk_core::vma::{Backing, Vma, VmaFlags, VmaTree};
use virtio_ikc::address::{GuestPhysical, LARGE_PAGE_SIZE, PAGE_SIZE};
use virtio_ikc::boot::MemoryRegion;
use virtio_ikc::layout::{PROGRAM_END, PROGRAM_START};

use super::commit;
use super::file::FileTable;
use super::object::SharedObject;
use super::page_table::{PageTable, Released};
use super::rewrite::Rewrites;
use crate::arch::boot;
use crate::arch::lock::SleepLock;
use crate::errno::Errno;
use crate::schedule;

/// Room that is left below the highest stack for it to grow (as Linux's `mmap_base()` does, at least 128 MiB).
const STACK_ROOM: u64 = 128 << 20;

/// Limits of the process that concern memory (getrlimit(2)), in bytes.
#[derive(Clone, Copy, Debug)]
pub struct MemoryLimits {
    /// `RLIMIT_STACK`.
    pub stack: u64,
    /// `RLIMIT_DATA`.
    pub data: u64,
    /// `RLIMIT_AS`.
    pub address_space: u64,
}

/// The heap that brk(2) moves the end of.
#[derive(Clone, Copy, Debug, Default)]
pub struct Heap {
    /// Where it begins.
    pub start: u64,
    /// The program break.
    pub end: u64,
}

/// Where the parts of a program are, as execve(2) laid them out.
#[derive(Clone, Debug, Default)]
pub struct ProgramLayout {
    /// Its own code.
    pub code: Range<u64>,
    /// Its own data.
    pub data: Range<u64>,
    /// The stack pointer at its first instruction.
    pub stack: u64,
    /// The strings of its arguments.
    pub arguments: Range<u64>,
    /// Those of its environment.
    pub environment: Range<u64>,
    /// The auxiliary vector.
    pub auxiliary: Range<u64>,
    /// The agent's name for its file.
    pub executable: Option<u64>,
}

/// The address space of processes that have none any more: the LWK alone.
pub fn nothing() -> (Arc<SleepLock<AddressSpace>>, GuestPhysical) {
    let root = boot::page().page_table;
    let limits = MemoryLimits { stack: 0, data: 0, address_space: 0 };
    (Arc::new(SleepLock::new(AddressSpace::with(PageTable::of_the_lwk(), limits, 0))), root)
}

/// One process's memory.
pub struct AddressSpace {
    pub(super) table: PageTable,
    pub(super) areas: VmaTree,
    pub(super) heap: Heap,
    /// The limits in force.
    pub limits: MemoryLimits,
    /// Mappings without a wish are placed below this address, from the top down.
    pub(super) mapping_top: u64,
    /// The files that it maps.
    pub files: FileTable,
    /// The shared memory that it shows, by its number.
    pub(super) objects: BTreeMap<u64, Arc<SharedObject>>,
    /// The program in it.
    pub program: ProgramLayout,
    /// The most bytes that its areas had.
    pub(super) peak: u64,
    /// The most bytes that were resident when somebody looked.
    pub(super) resident_peak: u64,
    /// Whether new mappings are locked (mlockall(2) with `MCL_FUTURE`).
    pub(super) lock_future: bool,
    /// Bytes that were filled with zeros in place of being given back, since that was last made good.
    pub(super) emptied: u64,
    /// Its replaced system calls.
    pub(super) rewrites: Rewrites,
}

impl AddressSpace {
    /// An empty address space whose layout is shifted by `random`.
    pub fn new(limits: MemoryLimits, random: u64) -> Result<Self, Errno> {
        Ok(Self::with(PageTable::new()?, limits, random))
    }

    /// The same with a given page table.
    fn with(table: PageTable, limits: MemoryLimits, random: u64) -> Self {
        let room = limits.stack.clamp(STACK_ROOM, PROGRAM_END / 6 * 5);
        let shift = (random % (1 << 22)) * PAGE_SIZE;
        Self {
            table,
            areas: VmaTree::new(),
            heap: Heap::default(),
            limits,
            mapping_top: (PROGRAM_END - LARGE_PAGE_SIZE - room - shift) & !(PAGE_SIZE - 1),
            files: FileTable::default(),
            objects: BTreeMap::new(),
            program: ProgramLayout::default(),
            peak: 0,
            resident_peak: 0,
            lock_future: false,
            emptied: 0,
            rewrites: Rewrites::default(),
        }
    }

    /// An empty address space for a child of this one's process, laid out as this one is.
    pub(super) fn empty_copy(&self) -> Result<Self, Errno> {
        let mut copy = Self::with(PageTable::new()?, self.limits, 0);
        (copy.heap, copy.mapping_top) = (self.heap, self.mapping_top);
        copy.program = self.program.clone();
        Ok(copy)
    }

    /// Gives everything back; no thread uses the space any more, and no vCPU once this begins to take it apart.
    /// Answers how many bytes were resident.
    pub fn destroy(mut self, release_files: bool) -> u64 {
        schedule::forget(self.root());
        let everything = 0..PROGRAM_END;
        let mut released = Released::default();
        // It fails only where a page would have to be split. The entries stay: nobody looks at them, and each write would cost.
        let _ = self.table.visit(everything.clone(), &mut |_, level, entry| released.take(level, &mut entry.clone()));
        let resident = released.bytes().max(self.resident_peak);
        released.free();
        for piece in self.areas.remove(&everything) {
            if piece.flags.contains(VmaFlags::ACCOUNTED) {
                commit::uncharge(piece.end - piece.start);
            }
        }
        self.files.clear(release_files);
        self.table.free();
        resident
    }

    /// What CR3 is loaded with.
    pub fn root(&self) -> GuestPhysical {
        self.table.root()
    }

    /// Lets the heap begin at `start`.
    pub fn set_heap(&mut self, start: u64) {
        self.heap = Heap { start, end: start };
    }

    /// Forgets what this vCPU's TLB knows of `range`.
    pub(super) fn flush(&self, range: &Range<u64>) {
        let region = MemoryRegion { start: GuestPhysical(range.start), length: range.end - range.start };
        schedule::flush(self.table.root(), region);
    }

    /// Ends a change that took pages out of `range`.
    pub(super) fn release(&self, range: &Range<u64>, released: Released) {
        if released.flush {
            self.flush(range);
        }
        released.free();
    }

    /// A free place for `length` bytes below the top, at a large page's boundary if it is large.
    pub(super) fn find_place(&self, length: u64) -> Result<u64, Errno> {
        let alignment = if length >= LARGE_PAGE_SIZE { LARGE_PAGE_SIZE } else { PAGE_SIZE };
        self.areas
            .find_gap(length, alignment, PROGRAM_START, self.mapping_top, true)
            .or_else(|| self.areas.find_gap(length, PAGE_SIZE, PROGRAM_START, self.mapping_top, true))
            .or_else(|| self.areas.find_gap(length, PAGE_SIZE, PROGRAM_START, PROGRAM_END, true))
            .ok_or(Errno::ENOMEM)
    }

    /// A free place for `length` bytes in the second GiB, where MAP_32BIT puts them.
    pub(super) fn find_low_place(&self, length: u64) -> Result<u64, Errno> {
        const SECOND_GIB: Range<u64> = 0x4000_0000..0x8000_0000;
        let place = self.areas.find_gap(length, PAGE_SIZE, SECOND_GIB.start, SECOND_GIB.end, false);
        place.ok_or(Errno::ENOMEM)
    }

    /// Whether `RLIMIT_AS` allows `length` more bytes.
    pub(super) fn within_limits(&self, length: u64) -> Result<(), Errno> {
        let total = self.areas.total_bytes().checked_add(length).ok_or(Errno::ENOMEM)?;
        if total > self.limits.address_space { Err(Errno::ENOMEM) } else { Ok(()) }
    }

    /// Whether RLIMIT_DATA allows `length` more bytes of private writable memory (getrlimit(2)).
    pub(super) fn within_data_limit(&self, protection: Protection, flags: VmaFlags, length: u64) -> Result<(), Errno> {
        if self.limits.data == u64::MAX || !is_data(protection, flags) {
            return Ok(());
        }
        let used: u64 = self.areas.iter().filter(|area| is_data(area.protection, area.flags)).map(Vma::bytes).sum();
        if used.saturating_add(length) > self.limits.data { Err(Errno::ENOMEM) } else { Ok(()) }
    }

    /// Promises the memory of `area` if it is of the kind that is promised in advance, and enters it.
    pub(super) fn add_area(&mut self, mut area: Vma) -> Result<(), Errno> {
        self.clear_rewrites(&area.range())?;
        if is_accounted(area.protection, area.flags, area.backing) {
            commit::charge(area.end - area.start)?;
            area.flags |= VmaFlags::ACCOUNTED;
        }
        if self.lock_future {
            area.flags |= VmaFlags::LOCKED;
        }
        self.areas.insert(area);
        self.peak = self.peak.max(self.areas.total_bytes());
        Ok(())
    }

    /// Takes everything in `range` away.
    pub(super) fn remove_areas(&mut self, range: &Range<u64>) -> Result<(), Errno> {
        let removed = self.take_areas(range)?;
        for piece in &removed {
            self.drop_backing(piece);
        }
        Ok(())
    }

    /// The same, but for the files and the shared memory: the caller gives the answer to [`Self::drop_backing`].
    pub(super) fn take_areas(&mut self, range: &Range<u64>) -> Result<Vec<Vma>, Errno> {
        self.clear_rewrites(range)?;
        let mut released = Released::default();
        self.table.visit(range.clone(), &mut |_, level, entry| released.take(level, entry))?;
        self.release(range, released);
        let removed = self.areas.remove(range);
        for piece in removed.iter().filter(|piece| piece.flags.contains(VmaFlags::ACCOUNTED)) {
            commit::uncharge(piece.end - piece.start);
        }
        Ok(removed)
    }

    /// Gives the file or the shared memory of a removed piece back if nothing else maps it.
    pub(super) fn drop_backing(&mut self, piece: &Vma) {
        match piece.backing {
            Backing::File { handle, .. } if !self.areas.holds_file(handle) => self.files.release(handle),
            Backing::Shared { object, .. } if !self.areas.holds_object(object) => drop(self.objects.remove(&object)),
            _ => {}
        }
    }

    /// A free place for `length` bytes.
    pub fn place_for(&self, length: u64) -> Result<u64, Errno> {
        self.find_place(length)
    }

    /// Enters an area of a program that is being loaded, in place of what is there, and populates it as far as is usual.
    pub fn load_area(&mut self, area: Vma) -> Result<(), Errno> {
        let range = area.start..area.end;
        if range.end > PROGRAM_END {
            return Err(Errno::ENOMEM);
        }
        if !self.areas.is_free(&range) {
            self.remove_areas(&range)?;
        }
        self.add_area(area)?;
        self.populate_new(&range, false);
        Ok(())
    }

    /// Enters an area that the LWK itself provides (the vDSO and its page), mapped to `frame`.
    pub fn add_special(
        &mut self,
        start: u64,
        frame: GuestPhysical,
        length: u64,
        protection: Protection,
        kind: u8,
    ) -> Result<(), Errno> {
        self.areas.insert(Vma {
            start,
            end: start + length,
            protection,
            maximum_protection: protection,
            flags: VmaFlags::SPECIAL | VmaFlags::DONT_DUMP,
            backing: Backing::Special(kind),
        });
        for offset in (0..length).step_by(usize::try_from(PAGE_SIZE).unwrap_or(4096)) {
            let level = lwk_core::page_table::Level::Table;
            let flags = super::page_table::leaf_flags(protection, level, lwk_core::page_table::EntryFlags::empty());
            self.table.map(start + offset, level, GuestPhysical(frame.0 + offset), flags)?;
        }
        Ok(())
    }
}

/// Whether Linux counts such memory as data (mm.h, is_data_mapping()).
fn is_data(protection: Protection, flags: VmaFlags) -> bool {
    protection.is_writable() && !flags.intersects(VmaFlags::SHARED | VmaFlags::GROWS_DOWN)
}

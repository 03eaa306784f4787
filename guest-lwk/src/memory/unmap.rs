//! munmap(2), madvise(2), mincore(2), and the locks of mlock(2), which are always held: nothing is ever paged out.

use core::ops::Range;

use alloc::vec;
use alloc::vec::Vec;
use linux_raw_sys::general as abi;
use lwk_core::page_table::EntryFlags;
use lwk_core::vma::{Backing, Vma, VmaFlags};
use virtio_ikc::address::{GuestPhysical, PAGE_SIZE, page_align_up};

use super::discard::is_resident;
use super::page_table::Released;
use super::space::AddressSpace;
use crate::errno::{Errno, SysResult};

impl AddressSpace {
    /// Serves munmap(2).
    pub fn unmap(&mut self, range: &Range<u64>) -> SysResult {
        self.remove_areas(range)?;
        Ok(0)
    }

    /// Serves madvise(2).
    pub fn advise(&mut self, range: &Range<u64>, advice: u32) -> SysResult {
        let covered = self.areas.is_covered(range);
        match advice {
            abi::MADV_DONTNEED | abi::MADV_DONTNEED_LOCKED => self.discard(range, advice == abi::MADV_DONTNEED)?,
            abi::MADV_FREE => self.free_lazily(range)?,
            abi::MADV_POPULATE_READ | abi::MADV_POPULATE_WRITE => {
                return self.advise_populate(range, advice == abi::MADV_POPULATE_WRITE, covered);
            }
            abi::MADV_DONTFORK => self.change_flags(range, VmaFlags::DONT_FORK, VmaFlags::empty()),
            abi::MADV_DOFORK => self.change_flags(range, VmaFlags::empty(), VmaFlags::DONT_FORK),
            abi::MADV_DONTDUMP => self.change_flags(range, VmaFlags::DONT_DUMP, VmaFlags::empty()),
            abi::MADV_DODUMP => self.change_flags(range, VmaFlags::empty(), VmaFlags::DONT_DUMP),
            abi::MADV_HUGEPAGE => self.change_flags(range, VmaFlags::HUGE, VmaFlags::NO_HUGE),
            abi::MADV_NOHUGEPAGE => self.change_flags(range, VmaFlags::NO_HUGE, VmaFlags::HUGE),
            abi::MADV_WIPEONFORK => self.wipe_on_fork(range)?,
            abi::MADV_KEEPONFORK => self.change_flags(range, VmaFlags::empty(), VmaFlags::WIPE_ON_FORK),
            _ => {}
        }
        if covered { Ok(0) } else { Err(Errno::ENOMEM) }
    }

    fn change_flags(&mut self, range: &Range<u64>, set: VmaFlags, clear: VmaFlags) {
        self.areas.update(range, |area| {
            area.flags.insert(set);
            area.flags.remove(clear);
        });
    }

    fn wipe_on_fork(&mut self, range: &Range<u64>) -> Result<(), Errno> {
        let allowed = self
            .areas
            .pieces(range)
            .all(|area| area.backing == Backing::Anonymous && !area.flags.contains(VmaFlags::SHARED));
        if !allowed {
            return Err(Errno::EINVAL);
        }
        self.change_flags(range, VmaFlags::WIPE_ON_FORK, VmaFlags::empty());
        Ok(())
    }

    fn free_lazily(&mut self, range: &Range<u64>) -> Result<(), Errno> {
        let private_anonymous = self
            .areas
            .pieces(range)
            .all(|area| area.backing == Backing::Anonymous && !area.flags.contains(VmaFlags::SHARED));
        if private_anonymous { self.discard(range, true) } else { Err(Errno::EINVAL) }
    }

    fn advise_populate(&mut self, range: &Range<u64>, write: bool, covered: bool) -> SysResult {
        let allowed = self.areas.pieces(range).all(|area| {
            !area.flags.contains(VmaFlags::SPECIAL)
                && if write { area.protection.is_writable() } else { area.protection.is_accessible() }
        });
        if !covered {
            return Err(Errno::ENOMEM);
        }
        if !allowed {
            return Err(Errno::EINVAL);
        }
        self.populate(range).map_err(|error| match error {
            super::populate::PopulateError::BeyondFile => Errno::EFAULT,
            super::populate::PopulateError::OutOfMemory => Errno::ENOMEM,
        })?;
        self.forget_emptied(range);
        Ok(0)
    }

    /// Takes the pages of shared mappings away that lie wholly beyond `size` bytes of the file: a touch is a SIGBUS now.
    pub fn cut_mappings(&mut self, handle: u64, size: u64) -> Result<(), Errno> {
        let shown = |area: &Vma| match area.backing {
            Backing::File { handle: other, offset } if other == handle && area.flags.contains(VmaFlags::SHARED) => {
                let kept = page_align_up(size.saturating_sub(offset)).unwrap_or(u64::MAX);
                Some(area.start.saturating_add(kept).min(area.end)..area.end)
            }
            _ => None,
        };
        let ranges: Vec<_> = self.areas.iter().filter_map(shown).collect();
        for range in ranges {
            let mut released = Released::default();
            self.table.visit(range.clone(), &mut |_, level, entry| released.take(level, entry))?;
            self.release(&range, released);
        }
        Ok(())
    }

    /// Serves mlock(2) and munlock(2).
    pub fn lock(&mut self, range: &Range<u64>, locked: bool, on_fault: bool) -> SysResult {
        if !self.areas.is_covered(range) {
            return Err(Errno::ENOMEM);
        }
        let flags = VmaFlags::LOCKED;
        if !locked {
            self.change_flags(range, VmaFlags::empty(), flags);
            return Ok(0);
        }
        self.change_flags(range, flags, VmaFlags::empty());
        let accessible = self.areas.pieces(range).all(|area| area.protection.is_accessible());
        if !on_fault && (self.populate(range).is_err() || !accessible) {
            return Err(Errno::ENOMEM);
        }
        if !on_fault {
            self.forget_emptied(range);
        }
        Ok(0)
    }

    /// Serves mlockall(2) and munlockall(2).
    pub fn lock_all(&mut self, current: bool, future: bool) {
        self.lock_future = future;
        let everything = 0..virtio_ikc::layout::PROGRAM_END;
        let (set, clear) =
            if current { (VmaFlags::LOCKED, VmaFlags::empty()) } else { (VmaFlags::empty(), VmaFlags::LOCKED) };
        if current || !future {
            self.change_flags(&everything, set, clear);
        }
        if current {
            self.forget_emptied(&everything);
        }
    }

    /// Serves mincore(2): a byte for each page.
    pub fn residency(&self, range: &Range<u64>) -> Result<Vec<u8>, Errno> {
        if !self.areas.is_covered(range) {
            return Err(Errno::ENOMEM);
        }
        let pages = usize::try_from((range.end - range.start) / PAGE_SIZE).map_err(|_| Errno::ENOMEM)?;
        let mut resident = vec![0; pages];
        for (page, address) in resident.iter_mut().zip((range.start..range.end).step_by(4096)) {
            *page = u8::from(self.table.find(address).is_some_and(|page| is_resident(page.entry, page.level)));
        }
        Ok(resident)
    }

    /// Where in the window the shared mappings of files in `range` are, and how long they are.
    pub fn shown_pieces(&self, range: &Range<u64>) -> Vec<(GuestPhysical, u64)> {
        self.areas
            .pieces(range)
            .filter(|area| area.flags.contains(VmaFlags::SHARED))
            .filter_map(|area| match area.backing {
                Backing::File { handle, offset } => Some((self.files.shown_at(handle, offset)?, area.bytes())),
                _ => None,
            })
            .collect()
    }

    /// Whether areas cover all of `range`, and whether one of them is locked.
    pub fn coverage(&self, range: &Range<u64>) -> (bool, bool) {
        let locked = self.areas.pieces(range).any(|area| area.flags.contains(VmaFlags::LOCKED));
        (self.areas.is_covered(range), locked)
    }

    /// Whether the page at `address` is mapped and present.
    pub fn is_present(&self, address: u64) -> bool {
        self.table.find(address).is_some_and(|mapping| mapping.entry.flags().contains(EntryFlags::PRESENT))
    }
}

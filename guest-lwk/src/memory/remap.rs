//! mremap(2).

use core::ops::Range;

use alloc::vec::Vec;
use linux_raw_sys::general as abi;
use lwk_core::page_table::{Entry, EntryFlags, Level};
use lwk_core::vma::{Backing, Vma, VmaFlags};
use virtio_ikc::address::{GuestPhysical, GuestVirtual, PAGE_SIZE};
use virtio_ikc::layout::{PROGRAM_END, PROGRAM_START};

use super::page_table::{CHARGED, OWNED};
use super::space::AddressSpace;
use super::{commit, file, frames};
use crate::errno::{Errno, SysResult};

/// What mremap(2) was asked for; lengths are whole pages.
#[derive(Clone, Copy, Debug)]
pub struct RemapRequest {
    /// Where the mapping is.
    pub old_address: u64,
    /// Its length, 0 to double a shared mapping.
    pub old_length: u64,
    /// The wished length.
    pub new_length: u64,
    /// MREMAP_* flags.
    pub flags: u32,
    /// Where to, with `MREMAP_FIXED` (a wish with `MREMAP_DONTUNMAP`).
    pub new_address: u64,
}

impl AddressSpace {
    /// Serves mremap(2).
    pub fn remap(&mut self, request: RemapRequest) -> SysResult {
        let RemapRequest { old_address: old, old_length, new_length, flags, .. } = request;
        if flags & (abi::MREMAP_FIXED | abi::MREMAP_DONTUNMAP) != 0 {
            return self.remap_to(request);
        }
        if old_length > new_length {
            self.source(old, old_length)?;
            self.remove_areas(&(old + new_length..old + old_length))?;
            return Ok(old);
        }
        let area = self.source(old, old_length)?;
        if old_length == new_length && old_length != 0 {
            return Ok(old);
        }
        if old_length != 0 && old + old_length == area.end && self.can_grow(&area, new_length - old_length) {
            self.grow(&area, new_length - old_length)?;
            return Ok(old);
        }
        if flags & abi::MREMAP_MAYMOVE == 0 {
            return Err(Errno::ENOMEM);
        }
        let target = self.find_place(new_length)?;
        self.relocate(&area, old, old_length, target, new_length, false)
    }

    /// The area at `old`, if it holds `length` bytes from there on (otherwise EFAULT, as Linux's `vma_to_resize()`).
    fn source(&self, old: u64, length: u64) -> Result<Vma, Errno> {
        let area = self.areas.find(old).ok_or(Errno::EFAULT)?;
        if length == 0 && !area.flags.contains(VmaFlags::SHARED) {
            return Err(Errno::EINVAL);
        }
        if area.flags.contains(VmaFlags::SPECIAL) || length > area.end - old {
            return Err(Errno::EFAULT);
        }
        Ok(*area)
    }

    fn remap_to(&mut self, request: RemapRequest) -> SysResult {
        let RemapRequest { old_address: old, new_length, flags, new_address: new, .. } = request;
        let mut old_length = request.old_length;
        let fixed = flags & abi::MREMAP_FIXED != 0;
        let target = if fixed {
            check_target(&request)?;
            new
        } else {
            self.source(old, old_length)?;
            self.find_place(new_length)?
        };
        if fixed {
            self.remove_areas(&(target..target + new_length))?;
        }
        if old_length > new_length {
            self.source(old, old_length)?;
            self.remove_areas(&(old + new_length..old + old_length))?;
            old_length = new_length;
        }
        let area = self.source(old, old_length)?;
        let keep = flags & abi::MREMAP_DONTUNMAP != 0;
        self.relocate(&area, old, old_length, target, new_length, keep)
    }

    fn can_grow(&self, area: &Vma, by: u64) -> bool {
        area.end.checked_add(by).is_some_and(|end| end <= PROGRAM_END && self.areas.is_free(&(area.end..end)))
    }

    /// Sees to it that the window shows `length` bytes of a shared file from what `area` has at `from` on.
    fn widen_window(&mut self, area: &Vma, from: u64, length: u64) -> Result<(), Errno> {
        let Backing::File { handle, offset } = area.backing else { return Ok(()) };
        if !area.flags.contains(VmaFlags::SHARED) {
            return Ok(());
        }
        let start = offset + (from - area.start);
        if let Some(old) = self.files.widen_window(handle, &(start..start + length))? {
            self.cut_mappings(handle, 0)?;
            file::close_window(old);
        }
        Ok(())
    }

    fn grow(&mut self, area: &Vma, by: u64) -> Result<(), Errno> {
        self.within_limits(by)?;
        self.widen_window(area, area.start, area.end - area.start + by)?;
        let tail = continued(area, area.end, area.end, by);
        let range = tail.start..tail.end;
        self.add_area(tail)?;
        self.populate_new(&range, area.flags.contains(VmaFlags::LOCKED));
        Ok(())
    }

    /// Moves `old_length` bytes at `old` to `target`, where they become `new_length`.
    fn relocate(
        &mut self,
        area: &Vma,
        old: u64,
        old_length: u64,
        target: u64,
        new_length: u64,
        keep: bool,
    ) -> SysResult {
        self.within_limits(if keep { new_length } else { new_length - old_length })?;
        self.put_back(&(old..old + old_length))?;
        self.widen_window(area, old, new_length)?;
        self.add_area(continued(area, old, target, new_length))?;
        if old_length == 0 {
            self.share_pages(&(old..old + new_length.min(area.end - old)), target)?;
            return Ok(target);
        }
        let moved = old..old + old_length;
        if let Err(error) = self.move_pages(&moved, target) {
            self.remove_areas(&(target..target + new_length))?;
            return Err(error);
        }
        if !keep && old_length != 0 {
            self.remove_moved(&moved);
        }
        let rest = target + old_length..target + new_length;
        self.populate_new(&rest, area.flags.contains(VmaFlags::LOCKED));
        Ok(target)
    }

    fn move_pages(&mut self, from: &Range<u64>, target: u64) -> Result<(), Errno> {
        let mut pages: Vec<(u64, Level, Entry)> = Vec::new();
        let mut flush = false;
        self.table.visit(from.clone(), &mut |address, level, entry| {
            pages.push((address, level, *entry));
            flush |= entry.flags().contains(EntryFlags::PRESENT);
            *entry = Entry::EMPTY;
        })?;
        if flush {
            self.flush(from);
        }
        for (address, level, entry) in pages {
            self.place_moved(address - from.start + target, level, entry)?;
        }
        Ok(())
    }

    /// Shows the pages of `from` a second time at `target` (mremap(2), "old_size").
    fn share_pages(&mut self, from: &Range<u64>, target: u64) -> Result<(), Errno> {
        let _ = self.populate(from);
        let mut pages: Vec<(u64, Level, Entry)> = Vec::new();
        self.table.visit(from.clone(), &mut |address, level, entry| pages.push((address, level, *entry)))?;
        for (address, level, entry) in pages {
            if entry.flags().contains(OWNED) {
                frames::share_run(GuestPhysical(entry.page_address(level)), level.entry_bytes() / PAGE_SIZE);
            }
            let entry = entry.with_flags(entry.flags().difference(CHARGED));
            self.place_moved(address - from.start + target, level, entry)?;
        }
        Ok(())
    }

    fn place_moved(&mut self, address: u64, level: Level, entry: Entry) -> Result<(), Errno> {
        let frame = GuestPhysical(entry.page_address(level));
        let aligned = address.is_multiple_of(level.entry_bytes());
        if aligned && self.table.map(address, level, frame, entry.flags())? {
            return Ok(());
        }
        let mut flags = entry.flags();
        flags.remove(EntryFlags::LARGE);
        for offset in (0..level.entry_bytes()).step_by(4096) {
            self.table.map(address + offset, Level::Table, GuestPhysical(frame.0 + offset), flags)?;
        }
        Ok(())
    }

    /// Removes the area that pages were moved out of; its file goes on being mapped at the new place.
    fn remove_moved(&mut self, range: &Range<u64>) {
        for piece in self.areas.remove(range) {
            if piece.flags.contains(VmaFlags::ACCOUNTED) {
                commit::uncharge(piece.end - piece.start);
            }
        }
    }
}

/// The checks of MREMAP_FIXED's address.
fn check_target(request: &RemapRequest) -> Result<(), Errno> {
    let (old, new) = (request.old_address, request.new_address);
    if !GuestVirtual(new).is_aligned(PAGE_SIZE)
        || request.new_length > PROGRAM_END
        || new > PROGRAM_END - request.new_length
    {
        return Err(Errno::EINVAL);
    }
    if old + request.old_length > new && new + request.new_length > old {
        return Err(Errno::EINVAL);
    }
    if new < PROGRAM_START { Err(Errno::EPERM) } else { Ok(()) }
}

/// An area like `area` at `target`, whose first byte is what `area` has at `from`.
fn continued(area: &Vma, from: u64, target: u64, length: u64) -> Vma {
    let mut new = *area;
    new.start = target;
    new.end = target + length;
    new.flags.remove(VmaFlags::ACCOUNTED);
    new.backing = area.backing.advanced(from - area.start);
    new
}

//! Putting frames where areas are.
//!
//! Small areas are populated when they are made: a page-table entry that no vCPU has walked yet costs nothing, a page fault costs
//! microseconds. Large ones are populated by large pages as they are touched.

use core::ops::Range;

use lwk_core::page_table::Level;
use lwk_core::vma::{Backing, Vma, VmaFlags};
use virtio_ikc::address::{GuestPhysical, LARGE_PAGE_SIZE, PAGE_SIZE};

use super::page_table::{CHARGED, OWNED, leaf_flags};
use super::space::AddressSpace;
use super::{commit, frames};
use crate::arch::current;

/// Anonymous memory up to this size is populated at once.
const EAGER_ANONYMOUS_BYTES: u64 = 256 << 10;
/// Private file mappings up to this size are read at once.
const EAGER_FILE_BYTES: u64 = 64 << 10;
/// How much a fault populates where a large page does not fit.
const WINDOW_BYTES: u64 = 128 << 10;
/// The same of a stack: the C library gives all but the last 16 KiB of a thread's stack back when that ends (madvise(2)), and what was
/// populated and not used is then filled with zeros in vain.
const STACK_WINDOW_BYTES: u64 = 32 << 10;
/// How much of a file it reads: a fault costs as much as some hundred kilobytes from the page cache.
const FILE_WINDOW_BYTES: u64 = 512 << 10;
/// From so many bytes on it takes microseconds to populate memory, and its time is worth to be told from the program's.
const MEASURED_BYTES: u64 = 64 << 10;

/// Why a page could not be put where an area is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PopulateError {
    /// The page lies beyond the end of its file: SIGBUS.
    BeyondFile,
    /// There is no memory for it.
    OutOfMemory,
}

impl AddressSpace {
    /// Populates a new area, all of it if `everything`, otherwise if it is small. A failure here is not one of the
    /// call's: the fault that follows tells.
    pub(super) fn populate_new(&mut self, range: &Range<u64>, everything: bool) {
        let Some(area) = self.areas.find(range.start) else { return };
        let limit = match area.backing {
            Backing::Anonymous | Backing::Shared { .. }
                if area.flags.intersects(VmaFlags::NO_RESERVE | VmaFlags::STACK) =>
            {
                0
            }
            Backing::Anonymous | Backing::Shared { .. } => EAGER_ANONYMOUS_BYTES,
            _ => EAGER_FILE_BYTES,
        };
        if area.protection.is_accessible() && (everything || range.end - range.start <= limit) {
            let _ = self.populate(range);
        }
    }

    /// Populates memory that can be written now and could not before, if it is anonymous and small: allocators grow their heaps so.
    pub(super) fn populate_opened(&mut self, range: &Range<u64>) {
        let is_private = |area: &Vma| area.backing == Backing::Anonymous && !area.flags.contains(VmaFlags::STACK);
        if range.end - range.start <= EAGER_ANONYMOUS_BYTES && self.areas.find(range.start).is_some_and(is_private) {
            // As for a new area, the fault tells what fails here.
            let _ = self.populate(range);
        }
    }

    /// Populates every page of `range` that an accessible area covers.
    pub(super) fn populate(&mut self, range: &Range<u64>) -> Result<(), PopulateError> {
        match current::try_thread().filter(|_| range.end - range.start >= MEASURED_BYTES) {
            Some(thread) => thread.spent.in_system(|| self.populate_pieces(range)),
            None => self.populate_pieces(range),
        }
    }

    fn populate_pieces(&mut self, range: &Range<u64>) -> Result<(), PopulateError> {
        let mut address = range.start;
        while address < range.end {
            let Some(area) = self.areas.find_next(address).filter(|area| area.start < range.end) else { break };
            let area = *area;
            address = address.max(area.start);
            let end = area.end.min(range.end);
            while area.protection.is_accessible() && address < end {
                address = self.populate_block(&area, address, end)?;
            }
            address = end;
        }
        Ok(())
    }

    /// Populates from `address` (in `area`) a large page, or small ones up to `end`; answers how far it came.
    pub(super) fn populate_block(&mut self, area: &Vma, address: u64, end: u64) -> Result<u64, PopulateError> {
        if let Some(mapping) = self.table.find(address) {
            return Ok((address & !(mapping.level.entry_bytes() - 1)) + mapping.level.entry_bytes());
        }
        let large = address & !(LARGE_PAGE_SIZE - 1);
        if can_be_large(area, large) && self.populate_large(area, large) {
            return Ok(large + LARGE_PAGE_SIZE);
        }
        let block_end = end.min(large + LARGE_PAGE_SIZE);
        let mut gap_end = address;
        while gap_end < block_end && self.table.find(gap_end).is_none() {
            gap_end += PAGE_SIZE;
        }
        self.populate_small(area, address..gap_end)
    }

    fn populate_large(&mut self, area: &Vma, address: u64) -> bool {
        if let Backing::Shared { object, offset } = area.backing {
            return self.show_large(area, address, object, offset);
        }
        let charge = if area.flags.contains(VmaFlags::ACCOUNTED) { 0 } else { LARGE_PAGE_SIZE };
        if commit::charge(charge).is_err() {
            return false;
        }
        let Some(frame) = frames::allocate_large_zeroed() else {
            commit::uncharge(charge);
            return false;
        };
        let kept = if charge == 0 { OWNED } else { OWNED | CHARGED };
        let flags = leaf_flags(area.protection, Level::Directory, kept);
        if self.table.map(address, Level::Directory, frame, flags) == Ok(true) {
            return true;
        }
        frames::free_run(frame, LARGE_PAGE_SIZE / PAGE_SIZE);
        commit::uncharge(charge);
        false
    }

    fn populate_small(&mut self, area: &Vma, range: Range<u64>) -> Result<u64, PopulateError> {
        match area.backing {
            Backing::File { handle, offset } if area.flags.contains(VmaFlags::SHARED) => {
                self.populate_shared(area, range, handle, offset)
            }
            Backing::Shared { object, offset } => self.show_small(area, range, object, offset),
            Backing::File { handle, offset } => self.populate_private(area, range, handle, offset),
            Backing::Anonymous | Backing::Special(_) => {
                let (frame, length) = take_frames(area, range.end - range.start)?;
                self.map_run(area, range.start, frame, length)
            }
        }
    }

    fn map_run(&mut self, area: &Vma, start: u64, frame: GuestPhysical, length: u64) -> Result<u64, PopulateError> {
        let kept = if area.flags.contains(VmaFlags::ACCOUNTED) { OWNED } else { OWNED | CHARGED };
        let flags = leaf_flags(area.protection, Level::Table, kept);
        for offset in (0..length).step_by(4096) {
            let mapped = self.table.map(start + offset, Level::Table, GuestPhysical(frame.0 + offset), flags);
            if mapped.is_err() {
                frames::free_run(GuestPhysical(frame.0 + offset), (length - offset) / PAGE_SIZE);
                if kept.contains(CHARGED) {
                    commit::uncharge(length - offset);
                }
                return Err(PopulateError::OutOfMemory);
            }
        }
        Ok(start + length)
    }

    fn populate_private(
        &mut self,
        area: &Vma,
        range: Range<u64>,
        handle: u64,
        offset: u64,
    ) -> Result<u64, PopulateError> {
        let position = offset + (range.start - area.start);
        let length = self.length_in_file(handle, position, range.end - range.start)?;
        let (frame, length) = take_frames(area, length)?;
        let read = self.files.read(handle, position, frame, length).unwrap_or(0);
        if read == 0 {
            frames::free_run(frame, length / PAGE_SIZE);
            if !area.flags.contains(VmaFlags::ACCOUNTED) {
                commit::uncharge(length);
            }
            return Err(PopulateError::BeyondFile);
        }
        self.map_run(area, range.start, frame, length)
    }

    fn populate_shared(
        &mut self,
        area: &Vma,
        range: Range<u64>,
        handle: u64,
        offset: u64,
    ) -> Result<u64, PopulateError> {
        let position = offset + (range.start - area.start);
        let length = self.length_in_file(handle, position, range.end - range.start)?;
        let flags = leaf_flags(area.protection, Level::Table, lwk_core::page_table::EntryFlags::empty());
        for step in (0..length).step_by(4096) {
            let frame = self.files.shown_at(handle, position + step).ok_or(PopulateError::BeyondFile)?;
            self.table.map(range.start + step, Level::Table, frame, flags).map_err(|_| PopulateError::OutOfMemory)?;
        }
        Ok(range.start + length)
    }

    /// Populates what a touch of `address` needs, and a little around it.
    pub(super) fn populate_around(&mut self, address: u64) -> Result<(), PopulateError> {
        let Some(area) = self.areas.find(address).copied() else { return Err(PopulateError::OutOfMemory) };
        let page = address & !(PAGE_SIZE - 1);
        let large = page & !(LARGE_PAGE_SIZE - 1);
        if can_be_large(&area, large) && self.table.find(page).is_none() && self.populate_large(&area, large) {
            return Ok(());
        }
        let bytes = match area.backing {
            Backing::File { .. } => FILE_WINDOW_BYTES,
            _ if area.flags.contains(VmaFlags::STACK) => STACK_WINDOW_BYTES,
            _ => WINDOW_BYTES,
        };
        let window = page & !(bytes - 1);
        let end = area.end.min(window + bytes);
        let reached = self.populate_block(&area, page, end)?;
        let _ = self.populate(&(window.max(area.start)..page));
        let _ = self.populate(&(reached..end.max(reached)));
        Ok(())
    }

    /// How many of `length` bytes at `position` are in pages that the file reaches into.
    fn length_in_file(&mut self, handle: u64, position: u64, length: u64) -> Result<u64, PopulateError> {
        let mut size = self.files.size(handle);
        if position + length > size {
            size = self.files.refresh_size(handle);
        }
        let pages_end = virtio_ikc::address::page_align_up(size).unwrap_or(size);
        match pages_end.checked_sub(position) {
            Some(rest) if rest > 0 => Ok(rest.min(length)),
            _ => Err(PopulateError::BeyondFile),
        }
    }
}

/// Frames for up to `length` bytes: all of them in one run, or a single one when memory is scattered.
fn take_frames(area: &Vma, length: u64) -> Result<(GuestPhysical, u64), PopulateError> {
    for length in [length, PAGE_SIZE] {
        let charge = if area.flags.contains(VmaFlags::ACCOUNTED) { 0 } else { length };
        if commit::charge(charge).is_err() {
            continue;
        }
        if let Some(frame) = frames::allocate_run_zeroed(length / PAGE_SIZE) {
            return Ok((frame, length));
        }
        commit::uncharge(charge);
    }
    Err(PopulateError::OutOfMemory)
}

fn can_be_large(area: &Vma, large: u64) -> bool {
    matches!(area.backing, Backing::Anonymous | Backing::Shared { .. })
        && !area.flags.contains(VmaFlags::NO_HUGE)
        && (!area.flags.contains(VmaFlags::STACK) || area.flags.contains(VmaFlags::HUGE))
        && area.start <= large
        && area.end >= large + LARGE_PAGE_SIZE
}

//! An address space for a child (fork(2)).
//!
//! Changing an entry of a page table that a vCPU has walked costs microseconds on class S hosts, more than copying a small page. So small
//! pages that can be written are copied at once, and the parent's table is left alone; large ones are shared until one of the
//! two writes. Pages that cannot be written are shared as they are: whoever makes them writable later finds that they are
//! not its own. An entry that can be written is never shared, but for shared mappings.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;

use lwk_core::page_table::{Entry, EntryFlags, Level};
use lwk_core::vma::{Backing, Vma, VmaFlags};
use virtio_ikc::address::{GuestPhysical, PAGE_SIZE};

use super::page_table::{CHARGED, OWNED};
use super::populate::PopulateError;
use super::space::AddressSpace;
use super::{commit, frames};
use crate::arch::direct_map;
use crate::errno::Errno;

impl AddressSpace {
    /// The address space of a child.
    pub fn fork(&mut self) -> Result<Self, Errno> {
        let mut child = self.empty_copy()?;
        child.files = self.files.fork();
        match self.copy_to(&mut child) {
            Ok(()) => Ok(child),
            Err(error) => {
                child.destroy(false);
                Err(error)
            }
        }
    }

    fn copy_to(&mut self, child: &mut Self) -> Result<(), Errno> {
        let areas: Vec<Vma> =
            self.areas.iter().filter(|area| !area.flags.contains(VmaFlags::DONT_FORK)).copied().collect();
        for area in areas {
            let mut copy = area;
            copy.flags.remove(VmaFlags::ACCOUNTED | VmaFlags::LOCKED);
            child.add_area(copy)?;
            if area.flags.contains(VmaFlags::WIPE_ON_FORK) {
                continue;
            }
            if let Backing::Shared { object, .. } = area.backing {
                child.objects.extend(self.objects.get(&object).map(|shared| (object, Arc::clone(shared))));
            }
            self.copy_area(&area, child)?;
        }
        self.copy_rewrites(child)
    }

    fn copy_area(&mut self, area: &Vma, child: &mut Self) -> Result<(), Errno> {
        let mut pages: Vec<(u64, Level, Entry)> = Vec::new();
        let mut protected: Option<Range<u64>> = None;
        let copied = |level: Level| !is_shared(area) && area.protection.is_writable() && level == Level::Table;
        self.table.visit(area.range(), &mut |address, level, entry| {
            pages.push((address, level, *entry));
            let writable = entry.flags().contains(EntryFlags::WRITABLE);
            if writable && !is_shared(area) && !copied(level) {
                *entry = entry.with_flags(entry.flags().difference(EntryFlags::WRITABLE));
                let start = protected.as_ref().map_or(address, |range| range.start);
                protected = Some(start..address + level.entry_bytes());
            }
        })?;
        if let Some(range) = protected {
            self.flush(&range);
        }
        for (address, level, entry) in pages {
            if entry.flags().contains(OWNED) && copied(level) {
                child.add_copy(address, entry)?;
            } else {
                child.add_shared(area, address, level, entry)?;
            }
        }
        Ok(())
    }

    /// Charges `bytes` of a page in `area` that was not charged with the area; answers the marks of its entry.
    fn charge_page(&self, address: u64, bytes: u64) -> Result<EntryFlags, Errno> {
        if self.areas.find(address).is_some_and(|area| area.flags.contains(VmaFlags::ACCOUNTED)) {
            return Ok(OWNED);
        }
        commit::charge(bytes)?;
        Ok(OWNED | CHARGED)
    }

    fn add_copy(&mut self, address: u64, entry: Entry) -> Result<(), Errno> {
        let kept = self.charge_page(address, PAGE_SIZE)?;
        let copy = copy_of(GuestPhysical(entry.page_address(Level::Table)), 1);
        let Some(frame) = copy else {
            uncharge(kept, PAGE_SIZE);
            return Err(Errno::ENOMEM);
        };
        let mut flags = entry.flags().difference(OWNED | CHARGED) | kept;
        // The parent's page may be one that it shares and has not written yet; the copy is the child's own.
        if flags.contains(EntryFlags::PRESENT) {
            flags |= EntryFlags::WRITABLE;
        }
        self.enter(address, Level::Table, frame, flags)
    }

    fn add_shared(&mut self, area: &Vma, address: u64, level: Level, entry: Entry) -> Result<(), Errno> {
        let frame = GuestPhysical(entry.page_address(level));
        let mut flags = entry.flags().difference(OWNED | CHARGED);
        if !is_shared(area) {
            flags.remove(EntryFlags::WRITABLE);
        }
        if entry.flags().contains(OWNED) {
            flags |= match area.backing {
                Backing::Shared { .. } => OWNED,
                _ => self.charge_page(address, level.entry_bytes())?,
            };
            frames::share_run(frame, level.entry_bytes() / PAGE_SIZE);
        }
        self.enter(address, level, frame, flags)
    }

    fn enter(&mut self, address: u64, level: Level, frame: GuestPhysical, flags: EntryFlags) -> Result<(), Errno> {
        let entered = self.table.map(address, level, frame, flags);
        if entered.is_err() {
            if flags.contains(OWNED) {
                frames::free_run(frame, level.entry_bytes() / PAGE_SIZE);
            }
            uncharge(flags, level.entry_bytes());
        }
        entered.map(|_| ())
    }

    /// Makes the page at `address`, which `area` lets be written, one that can be: its frame is copied if it is another's too.
    pub(super) fn take_over(&mut self, area: &Vma, address: u64) -> Result<(), PopulateError> {
        let Some(mapping) = self.table.find(address) else { return Ok(()) };
        let (level, entry) = (mapping.level, mapping.entry);
        let start = address & !(level.entry_bytes() - 1);
        let count = level.entry_bytes() / PAGE_SIZE;
        let old = GuestPhysical(entry.page_address(level));
        let writable = entry.flags() | EntryFlags::WRITABLE;
        let shared = !is_shared(area) && entry.flags().contains(OWNED) && frames::is_shared(old, count);
        let frame = if shared { copy_of(old, count) } else { Some(old) };
        let Some(frame) = frame else {
            if level == Level::Table {
                return Err(PopulateError::OutOfMemory);
            }
            // There is no large page left: only the small one that is written is copied.
            let page = address & !(PAGE_SIZE - 1);
            self.table.visit(page..page + PAGE_SIZE, &mut |_, _, _| {}).map_err(|_| PopulateError::OutOfMemory)?;
            self.flush(&(start..start + level.entry_bytes()));
            return self.take_over(area, address);
        };
        self.table.map(start, level, frame, writable).map_err(|_| PopulateError::OutOfMemory)?;
        self.flush(&(start..start + level.entry_bytes()));
        if shared {
            frames::free_run(old, count);
        }
        Ok(())
    }
}

fn is_shared(area: &Vma) -> bool {
    area.flags.contains(VmaFlags::SHARED) || matches!(area.backing, Backing::Special(_))
}

fn uncharge(flags: EntryFlags, bytes: u64) {
    if flags.contains(CHARGED) {
        commit::uncharge(bytes);
    }
}

/// New frames with what `count` frames at `from` hold.
fn copy_of(from: GuestPhysical, count: u64) -> Option<GuestPhysical> {
    let frame = frames::allocate_run(count)?;
    direct_map::copy(from, frame, count * PAGE_SIZE);
    Some(frame)
}

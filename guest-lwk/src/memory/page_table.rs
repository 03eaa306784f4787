//! A program's page table.
//!
//! Entries that lose all access (`PROT_NONE`) keep their frame: the entry stays, not present. Entries whose frame belongs to
//! the address space are marked, others (the time page, the vDSO, windows on files) are not freed with it.

use alloc::vec::Vec;
use core::ops::Range;

use lwk_core::page_table::{ENTRIES, Entry, EntryFlags, Level};
use lwk_core::protection::Protection;
use virtio_ikc::address::{GuestPhysical, PAGE_SIZE};
use virtio_ikc::layout::LWK_SLOT;

use super::frames;
use crate::arch::{boot, direct_map};
use crate::errno::Errno;

/// The frame is given back when the entry goes.
pub const OWNED: EntryFlags = EntryFlags::SOFTWARE_0;
/// The frame was promised when it was mapped, not when the area was made.
pub const CHARGED: EntryFlags = EntryFlags::SOFTWARE_1;
/// The entry maps a page, present or not.
pub const LEAF: EntryFlags = EntryFlags::SOFTWARE_2;

/// What a walk does with each page it meets: its address, the size of the page, the entry to read or replace.
pub type Visit<'a> = &'a mut dyn FnMut(u64, Level, &mut Entry);

/// The root of a page table, and through it the whole.
pub struct PageTable {
    root: GuestPhysical,
}

/// One page as it is mapped.
#[derive(Clone, Copy)]
pub struct Mapping {
    /// Its entry.
    pub entry: Entry,
    /// Its size.
    pub level: Level,
}

impl Mapping {
    /// Where `address`, which lies in the page, is in memory.
    pub fn physical(&self, address: u64) -> GuestPhysical {
        GuestPhysical(self.entry.page_address(self.level) + (address & (self.level.entry_bytes() - 1)))
    }

    /// Bytes from `address` to the end of the page.
    pub fn remaining(&self, address: u64) -> u64 {
        self.level.entry_bytes() - (address & (self.level.entry_bytes() - 1))
    }
}

/// The entry flags of a page with `protection`; `kept` are the marks it keeps.
pub fn leaf_flags(protection: Protection, level: Level, kept: EntryFlags) -> EntryFlags {
    let mut flags = EntryFlags::for_program(protection) | LEAF | (kept & (OWNED | CHARGED));
    if level != Level::Table {
        flags |= EntryFlags::LARGE;
    }
    if flags.contains(EntryFlags::PRESENT) {
        flags |= EntryFlags::ACCESSED | EntryFlags::DIRTY;
    }
    flags
}

fn is_leaf(entry: Entry) -> bool {
    entry.flags().contains(LEAF)
}

fn read(table: GuestPhysical, index: usize) -> Entry {
    Entry(direct_map::read_entry(table, index))
}

/// The page that holds `address` in the table with this `root`, present or not. Nobody gives a part of the table back meanwhile.
pub fn find(root: GuestPhysical, address: u64) -> Option<Mapping> {
    let (mut table, mut level) = (root, Level::Top);
    loop {
        let entry = read(table, level.index(address));
        if is_leaf(entry) {
            return Some(Mapping { entry, level });
        }
        if entry.0 == 0 {
            return None;
        }
        table = GuestPhysical(entry.address());
        level = level.below()?;
    }
}

impl PageTable {
    /// An empty table that has the LWK in its slot.
    pub fn new() -> Result<Self, Errno> {
        let root = frames::allocate_zeroed(0).ok_or(Errno::ENOMEM)?;
        direct_map::write_entry(root, LWK_SLOT, direct_map::read_entry(boot::page().page_table, LWK_SLOT));
        Ok(Self { root })
    }

    /// The table that vCPUs start with: there is nothing in it but the LWK, and nobody gives it back.
    pub fn of_the_lwk() -> Self {
        Self { root: boot::page().page_table }
    }

    /// Gives the tables back, but not the pages that stand in them. No vCPU uses them any more.
    pub fn free(self) {
        for index in 0..LWK_SLOT {
            free_tables(read(self.root, index), Level::Top);
        }
        free_table(self.root);
    }

    /// What CR3 is loaded with.
    pub fn root(&self) -> GuestPhysical {
        self.root
    }

    /// The page that holds `address`, present or not.
    pub fn find(&self, address: u64) -> Option<Mapping> {
        find(self.root, address)
    }

    /// Maps the page at `address` (of the size of `level`) to `frame`. What was there is replaced; an empty table
    /// in the way of a large page is given back. Answers false if the way is taken by smaller pages.
    pub fn map(&mut self, address: u64, level: Level, frame: GuestPhysical, flags: EntryFlags) -> Result<bool, Errno> {
        let (table, index) = self.slot(address, level)?;
        let old = read(table, index);
        if old.0 != 0 && !is_leaf(old) {
            let below = GuestPhysical(old.address());
            if (0..ENTRIES).any(|index| read(below, index).0 != 0) {
                return Ok(false);
            }
            direct_map::write_entry(table, index, 0);
            free_table(below);
        }
        direct_map::write_entry(table, index, Entry::new(frame.0, flags).0);
        Ok(true)
    }

    /// The table and the index in it of the entry of `level` for `address`; tables on the way are made.
    fn slot(&mut self, address: u64, level: Level) -> Result<(GuestPhysical, usize), Errno> {
        let (mut table, mut at) = (self.root, Level::Top);
        while at != level {
            let index = at.index(address);
            let entry = read(table, index);
            let next = if entry.0 == 0 {
                let made = frames::allocate_zeroed(0).ok_or(Errno::ENOMEM)?;
                direct_map::write_entry(table, index, table_entry(made).0);
                made
            } else if is_leaf(entry) {
                split(table, index, entry, at)?
            } else {
                GuestPhysical(entry.address())
            };
            table = next;
            at = at.below().ok_or(Errno::EINVAL)?;
        }
        Ok((table, at.index(address)))
    }

    /// Visits every page in `range`. Larger pages at its ends are split first, so that no page reaches out of it.
    pub fn visit(&mut self, range: Range<u64>, visit: Visit<'_>) -> Result<(), Errno> {
        if range.is_empty() {
            return Ok(());
        }
        visit_level(self.root, Level::Top, 0, &range, visit)
    }
}

/// Gives back the table that `entry` of `level` names, and all below it.
fn free_tables(entry: Entry, level: Level) {
    let Some(below) = level.below() else { return };
    if entry.0 == 0 || is_leaf(entry) {
        return;
    }
    let table = GuestPhysical(entry.address());
    if below != Level::Table {
        for index in 0..ENTRIES {
            free_tables(read(table, index), below);
        }
    }
    free_table(table);
}

/// Gives a table's frame back. A class S host shadows tables and takes what is written to one for a change of it; a write that fits no
/// entry (two bytes at offset 2) makes it forget that this was one, where the third whole entry would.
fn free_table(table: GuestPhysical) {
    direct_map::write(GuestPhysical(table.0 + 2), &[0; 2]);
    frames::free_run(table, 1);
}

fn table_entry(table: GuestPhysical) -> Entry {
    Entry::new(table.0, EntryFlags::PRESENT | EntryFlags::WRITABLE | EntryFlags::USER | EntryFlags::ACCESSED)
}

/// Replaces the large page `entry` of `level` by a table of smaller ones.
fn split(table: GuestPhysical, index: usize, entry: Entry, level: Level) -> Result<GuestPhysical, Errno> {
    let below = level.below().ok_or(Errno::EINVAL)?;
    let made = frames::allocate_zeroed(0).ok_or(Errno::ENOMEM)?;
    let mut flags = entry.flags();
    if below == Level::Table {
        flags.remove(EntryFlags::LARGE);
    }
    let start = entry.page_address(level);
    for number in 0..ENTRIES {
        let frame = start + number as u64 * below.entry_bytes();
        direct_map::write_entry(made, number, Entry::new(frame, flags).0);
    }
    direct_map::write_entry(table, index, table_entry(made).0);
    Ok(made)
}

fn visit_level(
    table: GuestPhysical,
    level: Level,
    base: u64,
    range: &Range<u64>,
    visit: Visit<'_>,
) -> Result<(), Errno> {
    let size = level.entry_bytes();
    let entries = if level == Level::Top { LWK_SLOT } else { ENTRIES };
    let clipped = |number: u64| usize::try_from(number).map_or(entries, |number| number.min(entries));
    let mut next = clipped(range.start.saturating_sub(base) / size);
    let end = clipped(range.end.saturating_sub(base).div_ceil(size));
    while let Some(index) = direct_map::first_entry(table, next..end) {
        next = index + 1;
        let start = base + index as u64 * size;
        let mut entry = read(table, index);
        let inside = start >= range.start && start + size <= range.end;
        if is_leaf(entry) && inside {
            let old = entry;
            visit(start, level, &mut entry);
            if entry != old {
                direct_map::write_entry(table, index, entry.0);
            }
            continue;
        }
        let Some(below) = level.below() else { continue };
        let lower = if is_leaf(entry) { split(table, index, entry, level)? } else { GuestPhysical(entry.address()) };
        visit_level(lower, below, start, range, visit)?;
    }
    Ok(())
}

/// Frames that were taken out of a page table and may be reused once no vCPU can reach them any more.
#[derive(Default)]
pub struct Released {
    runs: Vec<(GuestPhysical, u64)>,
    /// Whether a present entry was changed, so that a TLB may still know it.
    pub flush: bool,
    /// Bytes that were charged page by page.
    pub charged: u64,
}

impl Released {
    /// Takes `entry` out.
    pub fn take(&mut self, level: Level, entry: &mut Entry) {
        let flags = entry.flags();
        self.flush |= flags.contains(EntryFlags::PRESENT);
        if flags.contains(OWNED) {
            self.add(GuestPhysical(entry.page_address(level)), level.entry_bytes() / PAGE_SIZE);
        }
        if flags.contains(CHARGED) {
            self.charged += level.entry_bytes();
        }
        *entry = Entry::EMPTY;
    }

    fn add(&mut self, frame: GuestPhysical, count: u64) {
        if let Some((start, length)) = self.runs.last_mut()
            && start.0 + *length * PAGE_SIZE == frame.0
        {
            *length += count;
            return;
        }
        self.runs.push((frame, count));
    }

    /// How much memory that is.
    pub fn bytes(&self) -> u64 {
        self.runs.iter().map(|(_, count)| count * PAGE_SIZE).sum()
    }

    /// Gives the frames back. The caller has flushed.
    pub fn free(self) {
        for (frame, count) in self.runs {
            frames::free_run(frame, count);
        }
        super::commit::uncharge(self.charged);
    }
}

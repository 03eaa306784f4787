//! Taking the contents of memory away and leaving the mapping: madvise(2) with `MADV_DONTNEED` and `MADV_FREE`.
//!
//! Allocators do this all day with small pieces that they use again at once. To unmap a page costs the invalidation and the faults that
//! follow, tens of microseconds where the LWK has to ask the host for them; to fill it with zeros costs a tenth of one, and nobody can
//! tell the difference. Such pages are marked, so that they count as resident only when something has been written to them since. What is
//! kept this way is bounded; beyond that, and where memory gets short, pages go back.

use alloc::vec::Vec;
use core::ops::Range;

use lwk_core::page_table::{Entry, EntryFlags, Level};
use lwk_core::vma::{Backing, Vma, VmaFlags};
use virtio_ikc::address::{GuestPhysical, PAGE_SIZE};
use virtio_ikc::layout::PROGRAM_END;

use super::frames;
use super::page_table::{OWNED, Released};
use super::space::AddressSpace;
use crate::arch::direct_map;
use crate::errno::Errno;

/// The page was filled with zeros when its contents were to go.
const EMPTIED: EntryFlags = EntryFlags::SOFTWARE_3;
/// So many bytes of one area are filled with zeros at most: a call shall not take milliseconds.
const ZEROED_BYTES: u64 = 4 << 20;
/// The part of the partition's memory that an address space keeps so at most.
const KEPT_PART: u64 = 64;

/// Whether the entry stands for memory that the program has, as far as anybody can tell.
pub(super) fn is_resident(entry: Entry, level: Level) -> bool {
    !entry.flags().contains(EMPTIED) || !direct_map::is_zero(GuestPhysical(entry.page_address(level)), PAGE_SIZE)
}

/// Whether this page may be filled with zeros in place of being given back: a small one that is this address space's alone.
fn can_be_kept(level: Level, entry: Entry) -> bool {
    level == Level::Table
        && entry.flags().contains(OWNED)
        && !frames::is_shared(GuestPhysical(entry.page_address(level)), 1)
}

impl AddressSpace {
    /// Takes the contents of private memory away: the next touch finds zeros, or the file again. What is shared is
    /// only forgotten by this mapping; the memory of a shared anonymous one has no other place, so it stays.
    pub(super) fn discard(&mut self, range: &Range<u64>, refuse_locked: bool) -> Result<(), Errno> {
        let pieces: Vec<_> = self.areas.pieces(range).collect();
        for piece in pieces {
            if refuse_locked && piece.flags.contains(VmaFlags::LOCKED) || piece.flags.contains(VmaFlags::SPECIAL) {
                return Err(Errno::EINVAL);
            }
            if !piece.flags.contains(VmaFlags::SHARED) {
                self.rewrites.forget(&piece.range());
                self.discard_piece(&piece)?;
            }
        }
        if self.emptied > frames::total_bytes() / KEPT_PART {
            self.give_emptied_back()?;
        }
        Ok(())
    }

    fn discard_piece(&mut self, piece: &Vma) -> Result<(), Errno> {
        let may_keep = piece.backing == Backing::Anonymous && frames::are_plentiful();
        let mut room = if may_keep { ZEROED_BYTES } else { 0 };
        let mut emptied = 0;
        let mut released = Released::default();
        self.table.visit(piece.range(), &mut |_, level, entry| {
            if room == 0 || !can_be_kept(level, *entry) {
                return released.take(level, entry);
            }
            room -= PAGE_SIZE;
            direct_map::zero(GuestPhysical(entry.page_address(level)), PAGE_SIZE);
            if !entry.flags().contains(EMPTIED) {
                emptied += PAGE_SIZE;
                *entry = entry.with_flags(entry.flags() | EMPTIED);
            }
        })?;
        self.emptied += emptied;
        self.release(&piece.range(), released);
        Ok(())
    }

    /// Gives back what was emptied and is so still.
    fn give_emptied_back(&mut self) -> Result<(), Errno> {
        let everything = 0..PROGRAM_END;
        let mut released = Released::default();
        self.table.visit(everything.clone(), &mut |_, level, entry| {
            if !is_resident(*entry, level) {
                released.take(level, entry);
            } else if entry.flags().contains(EMPTIED) {
                *entry = entry.with_flags(entry.flags().difference(EMPTIED));
            }
        })?;
        self.emptied = 0;
        self.release(&everything, released);
        Ok(())
    }

    /// The pages of `range` count as the program's from now on, whatever is in them.
    pub(super) fn forget_emptied(&mut self, range: &Range<u64>) {
        // It fails only where there is no memory to split a large page, which is never one of these.
        let _ = self.table.visit(range.clone(), &mut |_, _, entry| {
            *entry = entry.with_flags(entry.flags().difference(EMPTIED));
        });
    }
}

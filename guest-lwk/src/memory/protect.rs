//! mprotect(2).

use core::ops::Range;

use lwk_core::commit::is_accounted;
use lwk_core::page_table::{Entry, EntryFlags, Level};
use lwk_core::protection::Protection;
use lwk_core::vma::{Vma, VmaFlags};

use virtio_ikc::address::{GuestPhysical, PAGE_SIZE};

use super::page_table::{OWNED, leaf_flags};
use super::space::AddressSpace;
use super::{commit, frames};
use crate::errno::{Errno, SysResult};

impl AddressSpace {
    /// Serves mprotect(2): the areas from the start of `range` on are changed up to the first hole.
    pub fn protect(&mut self, range: &Range<u64>, protection: Protection) -> SysResult {
        let mut address = range.start;
        while address < range.end {
            let Some(area) = self.areas.find(address).copied() else { return Err(Errno::ENOMEM) };
            let piece = address..area.end.min(range.end);
            self.protect_piece(&area, &piece, protection)?;
            address = piece.end;
        }
        Ok(0)
    }

    fn protect_piece(&mut self, area: &Vma, piece: &Range<u64>, protection: Protection) -> Result<(), Errno> {
        if area.flags.contains(VmaFlags::SPECIAL) && protection.is_writable()
            || !area.maximum_protection.contains(protection)
        {
            return Err(Errno::EACCES);
        }
        if area.protection == protection {
            return Ok(());
        }
        if protection.is_writable() {
            self.put_back(piece)?;
        }
        let newly_accounted =
            !area.flags.contains(VmaFlags::ACCOUNTED) && is_accounted(protection, area.flags, area.backing);
        let mut charged = 0;
        let newly_writable = protection.is_writable() && !area.protection.is_writable();
        if newly_writable {
            self.within_data_limit(protection, area.flags, piece.end - piece.start)?;
        }
        if newly_accounted {
            commit::charge(piece.end - piece.start)?;
        }
        let mut flush = false;
        self.table.visit(piece.clone(), &mut |_, level, entry| {
            let old = entry.flags();
            let mut kept = old;
            if newly_accounted && old.contains(super::page_table::CHARGED) {
                kept.remove(super::page_table::CHARGED);
                charged += level.entry_bytes();
            }
            let mut flags = leaf_flags(protection, level, kept);
            if is_shared_copy(area, *entry, level) {
                flags.remove(EntryFlags::WRITABLE);
            }
            *entry = entry.with_flags(flags);
            flush |= loses_rights(old, entry.flags());
        })?;
        commit::uncharge(charged);
        if flush {
            self.flush(piece);
        }
        self.areas.update(piece, |area| {
            area.protection = protection;
            if newly_accounted {
                area.flags |= VmaFlags::ACCOUNTED;
            }
        });
        if newly_writable {
            self.populate_opened(piece);
        }
        Ok(())
    }
}

/// Whether the page is private but its frame is another process's as well: it is copied when it is written.
fn is_shared_copy(area: &Vma, entry: Entry, level: Level) -> bool {
    let private = !area.flags.contains(VmaFlags::SHARED) && entry.flags().contains(OWNED);
    private && frames::is_shared(GuestPhysical(entry.page_address(level)), level.entry_bytes() / PAGE_SIZE)
}

/// Whether a TLB that still has `old` would allow what `new` does not, or fault where `new` does not. Only an entry
/// that was not present cannot be in a TLB.
fn loses_rights(old: EntryFlags, new: EntryFlags) -> bool {
    old.contains(EntryFlags::PRESENT) && old != new
}

impl AddressSpace {
    /// Where an area that grows down and holds `address` begins (mprotect(2), `PROT_GROWSDOWN`).
    pub fn growing_start(&self, address: u64) -> SysResult {
        let area = self.areas.find(address).ok_or(Errno::ENOMEM)?;
        if area.flags.contains(VmaFlags::GROWS_DOWN) { Ok(area.start) } else { Err(Errno::EINVAL) }
    }
}

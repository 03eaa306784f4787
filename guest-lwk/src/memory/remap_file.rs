//! remap_file_pages(2): a part of a shared mapping shows other pages of what it maps.
//!
//! Linux once kept such pages in one area. Since 4.0 it makes a mapping of its own of the part, as if by mmap(2), and so it is here. What the
//! window shows of the file grows until it reaches from the first to the last page that was ever asked for.

use alloc::vec::Vec;
use core::ops::Range;

use lwk_core::protection::Protection;
use lwk_core::vma::{Backing, Vma, VmaFlags};
use virtio_ikc::address::PAGE_SIZE;

use super::file;
use super::space::AddressSpace;
use crate::errno::{Errno, SysResult};

/// Most bytes of a file.
const LONGEST_FILE: u64 = i64::MAX as u64;

impl AddressSpace {
    /// Lets `range` show what it maps from page `page` on, populated if `populates`. EINVAL if not all of it is shared and of one kind,
    /// EOVERFLOW if no file has so many pages.
    pub fn remap_file(&mut self, range: &Range<u64>, page: u64, populates: bool) -> SysResult {
        let old = self.shared_run(range)?;
        let offset = offset_of(page, range.end - range.start)?;
        let area = Vma {
            flags: old.flags & (VmaFlags::SHARED | VmaFlags::LOCKED),
            backing: old.backing.at(offset),
            start: range.start,
            end: range.end,
            ..old
        };
        self.show_more(&area)?;
        let replaced = self.take_areas(range)?;
        let added = self.add_area(area);
        // A file that nothing else maps must not be given back before it is mapped again.
        for piece in &replaced {
            self.drop_backing(piece);
        }
        added?;
        self.populate_new(range, populates || area.flags.contains(VmaFlags::LOCKED));
        Ok(0)
    }

    /// What lies at the beginning of `range`, if all of that is a shared mapping of the same and differs in nothing but where.
    fn shared_run(&self, range: &Range<u64>) -> Result<Vma, Errno> {
        let pieces: Vec<Vma> = self.areas.pieces(range).collect();
        let first = *pieces.first().ok_or(Errno::EINVAL)?;
        let is_alike = |piece: &Vma| piece.protection == first.protection && self.maps_the_same(piece, &first);
        let is_whole = self.areas.is_covered(range) && pieces.iter().all(is_alike);
        if is_whole && can_be_remapped(&first) { Ok(first) } else { Err(Errno::EINVAL) }
    }

    /// Whether two areas map the same. Each mmap(2) of a file has a handle of its own here.
    fn maps_the_same(&self, one: &Vma, other: &Vma) -> bool {
        let relevant = VmaFlags::all().difference(VmaFlags::ACCOUNTED);
        let is_same = match (one.backing, other.backing) {
            (Backing::File { handle: one, .. }, Backing::File { handle: other, .. }) => {
                self.files.identity(one) == self.files.identity(other)
            }
            (Backing::Shared { object: one, .. }, Backing::Shared { object: other, .. }) => one == other,
            _ => false,
        };
        is_same && one.flags & relevant == other.flags & relevant
    }

    /// Sees to it that the window shows what `area` maps, if that is a file.
    fn show_more(&mut self, area: &Vma) -> Result<(), Errno> {
        let Backing::File { handle, offset } = area.backing else { return Ok(()) };
        if let Some(old) = self.files.widen_window(handle, &(offset..offset + area.bytes()))? {
            self.cut_mappings(handle, 0)?;
            file::close_window(old);
        }
        Ok(())
    }
}

/// The offset of page `page` in a file; `length` bytes follow there (mm/mmap.c, `file_mmap_ok()`).
fn offset_of(page: u64, length: u64) -> Result<u64, Errno> {
    let most = LONGEST_FILE.checked_sub(length).ok_or(Errno::EOVERFLOW)?;
    if page > most / PAGE_SIZE { Err(Errno::EOVERFLOW) } else { Ok(page * PAGE_SIZE) }
}

/// Whether Linux calls `area` shared: it does not, where a file that is not open for writing is mapped so.
fn can_be_remapped(area: &Vma) -> bool {
    area.flags.contains(VmaFlags::SHARED) && area.maximum_protection.contains(Protection::WRITE)
}

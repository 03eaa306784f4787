//! Segments in an address space: shmat(2) and shmdt(2).

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;

use lwk_core::protection::Protection;
use lwk_core::vma::{Backing, Vma, VmaFlags};
use virtio_ikc::layout::PROGRAM_END;

use super::object::SharedObject;
use super::space::AddressSpace;
use crate::errno::{Errno, SysResult};

impl AddressSpace {
    /// Shows `object` at `wish`, or anywhere; `replaces` what is there. A segment that is only read can never be made writable.
    pub fn attach(
        &mut self,
        object: Arc<SharedObject>,
        wish: Option<u64>,
        replaces: bool,
        protection: Protection,
    ) -> SysResult {
        let length = object.bytes();
        let start = match wish {
            Some(start) => self.wished_place(start, length, replaces)?,
            None => self.find_place(length)?,
        };
        self.within_limits(length)?;
        let range = start..start + length;
        if !self.areas.is_free(&range) {
            self.remove_areas(&range)?;
        }
        let maximum = if protection.is_writable() { Protection::all() } else { Protection::READ | Protection::EXECUTE };
        let backing = self.share(object);
        self.add_area(Vma {
            start: range.start,
            end: range.end,
            protection,
            maximum_protection: maximum,
            flags: VmaFlags::SHARED,
            backing,
        })?;
        self.populate_new(&range, self.lock_future);
        Ok(start)
    }

    fn wished_place(&self, start: u64, length: u64, replaces: bool) -> SysResult {
        let end = start.checked_add(length).ok_or(Errno::EINVAL)?;
        if !replaces && !self.areas.is_free(&(start..end)) {
            return Err(Errno::EINVAL);
        }
        if end > PROGRAM_END { Err(Errno::ENOMEM) } else { Ok(start) }
    }

    /// The shared memory that was attached at `address`, if some of it is still shown there: its number.
    pub fn attached_at(&self, address: u64) -> Option<u64> {
        let number = |area: &Vma| match area.backing {
            Backing::Shared { object, offset } if area.start.wrapping_sub(address) == offset => Some(object),
            _ => None,
        };
        self.areas.iter().filter(|area| area.start >= address).find_map(number)
    }

    /// Takes away what is left of the attachment of `object` at `address`.
    pub fn detach(&mut self, address: u64, object: u64) -> Result<(), Errno> {
        let length = self.objects.get(&object).map_or(0, |shared| shared.bytes());
        let is_part = |area: &&Vma| {
            let backing = Backing::Shared { object, offset: area.start.wrapping_sub(address) };
            area.start >= address && area.start - address < length && area.backing == backing
        };
        let parts: Vec<Range<u64>> = self.areas.iter().filter(is_part).map(Vma::range).collect();
        parts.iter().try_for_each(|part| self.remove_areas(part))
    }

    /// How many areas show `object`.
    pub fn attachments(&self, object: u64) -> usize {
        let shows = |area: &&Vma| matches!(area.backing, Backing::Shared { object: shown, .. } if shown == object);
        self.areas.iter().filter(shows).count()
    }
}

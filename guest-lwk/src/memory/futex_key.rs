//! What makes a word in memory that others may share one futex: the page, not the address.

use lwk_core::futex::FutexKey;
use lwk_core::vma::{Backing, VmaFlags};

use super::space::AddressSpace;
use super::user::Access;
use crate::errno::Errno;

impl AddressSpace {
    /// The key of the futex word at `address`, for a call without `FUTEX_PRIVATE_FLAG`. EFAULT where `access` is not allowed, and
    /// in anonymous memory that is private and cannot be written: its word can never change (Linux's `get_futex_key()`).
    pub fn futex_key(&mut self, address: u64, access: Access) -> Result<FutexKey, Errno> {
        // Pages that are about to be copied are copied now, as by Linux.
        let written = self.translate(address, Access::Write);
        let is_writable = written.is_ok();
        let (physical, _) = match access {
            Access::Read => written.or_else(|_| self.translate(address, Access::Read))?,
            Access::Write => written?,
        };
        let area = self.areas.find(address).ok_or(Errno::EFAULT)?;
        if !area.flags.contains(VmaFlags::SHARED) {
            if !is_writable && area.backing == Backing::Anonymous {
                return Err(Errno::EFAULT);
            }
            return Ok(FutexKey::Unshared { space: self.root().0, address });
        }
        Ok(match area.backing.advanced(address - area.start) {
            Backing::File { handle, offset } => {
                let (device, inode) = self.files.identity(handle).ok_or(Errno::EFAULT)?;
                FutexKey::File { device, inode, offset }
            }
            Backing::Anonymous | Backing::Shared { .. } | Backing::Special(_) => FutexKey::Physical(physical.0),
        })
    }
}

//! Where guest-physical memory lies in this process.
//!
//! Regions are few and never change. The window of shared mappings is a reservation over which files are mapped as
//! the LWK asks for them, at the same offsets as in the guest.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::BorrowedFd;

use virtio_ikc::address::GuestPhysical;
use virtio_ikc::layout::{WINDOW_BYTES, WINDOW_PHYSICAL};

use super::mapping::Mapping;
use crate::protocol::Region;

/// Checked memory of the partition, in this process's addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct HostRun {
    address: usize,
    length: usize,
    in_window: bool,
}

impl HostRun {
    /// Its first address.
    pub(crate) const fn address(self) -> usize {
        self.address
    }

    /// Its length in bytes.
    pub(crate) const fn length(self) -> usize {
        self.length
    }

    /// Whether a plain access could be a SIGBUS, because a file lies here.
    pub(super) const fn is_in_window(self) -> bool {
        self.in_window
    }
}

#[derive(Debug)]
struct Mapped {
    guest: u64,
    length: u64,
    memory: Mapping,
}

/// The partition's memory.
#[derive(Debug)]
pub(crate) struct Partition {
    regions: Vec<Mapped>,
    window: Mapping,
}

impl Partition {
    /// Maps `regions` of `file`.
    ///
    /// # Errors
    /// Those of mmap(2), and `InvalidInput` for a region that is empty or reaches into the window.
    pub(crate) fn map(file: BorrowedFd<'_>, regions: &[Region]) -> io::Result<Self> {
        let regions = regions.iter().map(|region| Mapped::of(file, region)).collect::<io::Result<_>>()?;
        let window = Mapping::reserve(usize::try_from(WINDOW_BYTES).map_err(io::Error::other)?)?;
        Ok(Self { regions, window })
    }

    /// The memory at `address`, or `None` unless all `length` bytes lie in one region or in the window.
    pub(crate) fn check(&self, address: GuestPhysical, length: u64) -> Option<HostRun> {
        for region in &self.regions {
            let Some(offset) = inside(address, length, region.guest, region.length) else { continue };
            return Some(HostRun {
                address: region.memory.start() + offset,
                length: usize::try_from(length).ok()?,
                in_window: false,
            });
        }
        let offset = inside(address, length, WINDOW_PHYSICAL, WINDOW_BYTES)?;
        let length = usize::try_from(length).ok()?;
        Some(HostRun { address: self.window.start() + offset, length, in_window: true })
    }

    /// The window of shared mappings.
    pub(crate) const fn window(&self) -> &Mapping {
        &self.window
    }

    /// The memory at `offset` of the window.
    pub(crate) fn in_window(&self, offset: u64, length: u64) -> Option<HostRun> {
        self.check(GuestPhysical(WINDOW_PHYSICAL).checked_add(offset)?, length).filter(|run| run.in_window)
    }
}

impl Mapped {
    fn of(file: BorrowedFd<'_>, region: &Region) -> io::Result<Self> {
        let end = region.guest.checked_add(region.length);
        if region.length == 0 || end.is_none_or(|end| end > WINDOW_PHYSICAL) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let length = usize::try_from(region.length).map_err(io::Error::other)?;
        let memory = Mapping::of_file(file, region.offset, length)?;
        Ok(Self { guest: region.guest, length: region.length, memory })
    }
}

/// The offset of `address` in the `size` bytes from `start` if all `length` bytes are inside.
fn inside(address: GuestPhysical, length: u64, start: u64, size: u64) -> Option<usize> {
    let offset = address.as_u64().checked_sub(start)?;
    let end = offset.checked_add(length)?;
    (end <= size).then(|| usize::try_from(offset).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_memory_that_lies_wholly_inside_is_found() {
        let at = |address, length| inside(GuestPhysical(address), length, 0x1000, 0x1000);
        assert_eq!(at(0x1000, 0x1000), Some(0));
        assert_eq!(at(0x1fff, 1), Some(0xfff));
        assert_eq!(at(0x2000, 0), Some(0x1000));
        assert_eq!(at(0xfff, 1), None);
        assert_eq!(at(0x1fff, 2), None);
        assert_eq!(at(0x1800, u64::MAX), None);
        assert_eq!(at(u64::MAX, 1), None);
    }
}

//! The window of shared mappings (the DAX window): a reserved range of our address space over which files are mapped.
//!
//! The guest sees the same range through a memory slot, so a page of Linux's page cache is in the guest as soon as it is mapped
//! here, and gone as soon as it is not: KVM follows the host's page tables.
#![allow(unsafe_code)]

use std::os::fd::BorrowedFd;

use kvm_bindings::kvm_userspace_memory_region;
use kvm_ioctls::VmFd;
use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags, mmap, mmap_anonymous};
use virtio_ikc::address::{GuestPhysical, PAGE_SIZE};

/// The reserved range.
#[derive(Debug)]
pub(crate) struct Window {
    base: u64,
    length: u64,
}

impl Window {
    /// Reserves `length` bytes of address space, without memory.
    pub(crate) fn reserve(length: u64) -> Result<Self, Errno> {
        let bytes = usize::try_from(length).map_err(|_| Errno::NOMEM)?;
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: the kernel chooses an unused range.
        let base = unsafe { mmap_anonymous(std::ptr::null_mut(), bytes, ProtFlags::empty(), flags)? };
        Ok(Self { base: base as u64, length })
    }

    /// Shows the `length` bytes at `at` of the window to the guest at `guest`, as memory slot `slot`.
    pub(crate) fn show(&self, vm: &VmFd, slot: u32, guest: GuestPhysical, at: u64, length: u64) -> Result<(), Errno> {
        self.check(at, length)?;
        let argument = kvm_userspace_memory_region {
            slot,
            flags: 0,
            guest_phys_addr: guest.as_u64(),
            memory_size: length,
            userspace_addr: self.base + at,
        };
        // SAFETY: the range stays reserved until the process ends, and holds nothing but pages of files that the guest
        // asked for; nothing of ours refers to it.
        let result = unsafe { vm.set_user_memory_region(argument) };
        result.map_err(|error| Errno::from_raw_os_error(error.errno()))
    }

    /// Maps `length` bytes of `file` from `offset` at `at` of the window, in place of what was there.
    pub(crate) fn map(
        &self,
        at: u64,
        length: u64,
        file: BorrowedFd<'_>,
        offset: u64,
        writable: bool,
    ) -> Result<(), Errno> {
        let bytes = self.check(at, length)?;
        let protection = if writable { ProtFlags::READ | ProtFlags::WRITE } else { ProtFlags::READ };
        let flags = MapFlags::SHARED | MapFlags::FIXED;
        // SAFETY: the range lies in the window (checked), which nothing of ours refers to.
        unsafe { mmap((self.base + at) as *mut _, bytes, protection, flags, file, offset)? };
        Ok(())
    }

    /// Takes what is mapped at `at` away.
    pub(crate) fn unmap(&self, at: u64, length: u64) -> Result<(), Errno> {
        let bytes = self.check(at, length)?;
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE | MapFlags::FIXED;
        // SAFETY: as for `map`.
        unsafe { mmap_anonymous((self.base + at) as *mut _, bytes, ProtFlags::empty(), flags)? };
        Ok(())
    }

    fn check(&self, at: u64, length: u64) -> Result<usize, Errno> {
        let inside = at.checked_add(length).is_some_and(|end| end <= self.length);
        if !inside || length == 0 || !at.is_multiple_of(PAGE_SIZE) {
            return Err(Errno::INVAL);
        }
        usize::try_from(length).map_err(|_| Errno::INVAL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Seek, SeekFrom, Write};
    use std::os::fd::AsFd;

    #[test]
    fn a_file_shows_through_and_takes_writes_until_it_is_unmapped() {
        let window = Window::reserve(1 << 20).expect("address space");
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(&[7; 8192]).expect("written");
        window.map(4096, 4096, file.as_fd(), 4096, true).expect("mapped");
        let byte = (window.base + 4096) as *mut u8;
        // SAFETY: the page has just been mapped, shared and writable.
        unsafe {
            assert_eq!(byte.read_volatile(), 7);
            byte.write_volatile(9);
        }
        let mut read = [0; 1];
        file.seek(SeekFrom::Start(4096)).expect("in the file");
        file.read_exact(&mut read).expect("read");
        assert_eq!(read, [9]);
        window.unmap(4096, 4096).expect("unmapped");
    }

    #[test]
    fn nothing_outside_the_window_is_mapped() {
        let window = Window::reserve(1 << 20).expect("address space");
        let file = tempfile::tempfile().expect("a file");
        for (at, length) in [(1 << 20, 4096), (0, (1 << 20) + 1), (u64::MAX, 4096), (1, 4096), (0, 0)] {
            assert_eq!(window.map(at, length, file.as_fd(), 0, false), Err(Errno::INVAL));
            assert_eq!(window.unmap(at, length), Err(Errno::INVAL));
        }
    }
}

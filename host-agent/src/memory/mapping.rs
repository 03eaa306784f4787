//! Mappings: what mmap(2) gave us, until it is unmapped.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::BorrowedFd;
use std::ptr;
use std::sync::OnceLock;

use rustix::mm::{Advice, MapFlags, MprotectFlags, ProtFlags, madvise, mmap, mmap_anonymous, mprotect, munmap};

/// A mapping that this process owns.
#[derive(Debug)]
pub(crate) struct Mapping {
    start: usize,
    length: usize,
}

impl Mapping {
    /// Maps `length` bytes of `file` from `offset`, shared with all who map it, not populated.
    ///
    /// # Errors
    /// Those of mmap(2).
    pub(crate) fn of_file(file: BorrowedFd<'_>, offset: u64, length: usize) -> io::Result<Self> {
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping at an address of Linux's choice changes no memory that exists.
        let start = unsafe { mmap(ptr::null_mut(), length, protection, MapFlags::SHARED, file, offset)? };
        Ok(Self { start: start.expose_provenance(), length })
    }

    /// Maps `length` bytes of zeroes, kept by children if `shared`.
    ///
    /// # Errors
    /// Those of mmap(2).
    pub(crate) fn of_zeroes(length: usize, shared: bool) -> io::Result<Self> {
        let flags = if shared { MapFlags::SHARED } else { MapFlags::PRIVATE };
        Self::anonymous(length, ProtFlags::READ | ProtFlags::WRITE, flags)
    }

    /// Takes `length` bytes of address space in which every access faults.
    ///
    /// # Errors
    /// Those of mmap(2).
    pub(crate) fn reserve(length: usize) -> io::Result<Self> {
        Self::anonymous(length, ProtFlags::empty(), MapFlags::PRIVATE | MapFlags::NORESERVE)
    }

    fn anonymous(length: usize, protection: ProtFlags, flags: MapFlags) -> io::Result<Self> {
        // SAFETY: a new mapping at an address of Linux's choice changes no memory that exists.
        let start = unsafe { mmap_anonymous(ptr::null_mut(), length, protection, flags)? };
        Ok(Self { start: start.expose_provenance(), length })
    }

    /// Makes `length` bytes at `offset` of a reservation readable and writable.
    ///
    /// # Errors
    /// Those of mprotect(2); EINVAL if that is not inside.
    pub(crate) fn open(&self, offset: usize, length: usize) -> io::Result<()> {
        let start = self.inside(offset, length)?;
        // SAFETY: the range is our own mapping, and more access to it breaks nobody.
        unsafe { mprotect(start, length, MprotectFlags::READ | MprotectFlags::WRITE)? };
        Ok(())
    }

    /// Keeps it from children: they do not inherit it, and making them costs less.
    ///
    /// # Errors
    /// Those of madvise(2).
    pub(crate) fn keep_from_children(&self) -> io::Result<()> {
        let start = ptr::with_exposed_provenance_mut(self.start);
        // SAFETY: the advice changes nothing in this process, and no child uses what its parent's threads used.
        unsafe { madvise(start, self.length, Advice::LinuxDontFork)? };
        Ok(())
    }

    /// Maps `length` bytes of `file` from `file_offset` over `offset` of a reservation.
    ///
    /// # Errors
    /// Those of mmap(2); EINVAL if that is not inside.
    pub(crate) fn overlay(
        &self,
        offset: usize,
        length: usize,
        file: BorrowedFd<'_>,
        file_offset: u64,
        writable: bool,
    ) -> io::Result<()> {
        let start = self.inside(offset, length)?;
        let protection = if writable { ProtFlags::READ | ProtFlags::WRITE } else { ProtFlags::READ };
        // SAFETY: the range is our own reservation; nothing but system calls ever touches it.
        unsafe { mmap(start, length, protection, MapFlags::SHARED | MapFlags::FIXED, file, file_offset)? };
        Ok(())
    }

    /// Takes what was laid over `offset` away again.
    ///
    /// # Errors
    /// Those of mmap(2); EINVAL if that is not inside.
    pub(crate) fn uncover(&self, offset: usize, length: usize) -> io::Result<()> {
        let start = self.inside(offset, length)?;
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE | MapFlags::FIXED;
        // SAFETY: as in `overlay`.
        unsafe { mmap_anonymous(start, length, ProtFlags::empty(), flags)? };
        Ok(())
    }

    /// Its first address.
    pub(super) const fn start(&self) -> usize {
        self.start
    }

    /// Its length in bytes.
    pub(super) const fn length(&self) -> usize {
        self.length
    }

    fn inside(&self, offset: usize, length: usize) -> io::Result<*mut std::ffi::c_void> {
        let end = offset.checked_add(length).filter(|end| *end <= self.length);
        end.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(ptr::with_exposed_provenance_mut(self.start + offset))
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours and whoever pointed into it borrowed it. Should it fail, it stays mapped.
        let _ = unsafe { munmap(ptr::with_exposed_provenance_mut(self.start), self.length) };
    }
}

/// Bytes of the range in which every access faults: more than one call moves (MAX_RW_COUNT, read(2)).
const FAULTING_BYTES: usize = 4 << 30;

static FAULTING: OnceLock<Mapping> = OnceLock::new();

/// Takes the range that stands for memory that a program may not access.
///
/// # Errors
/// Those of mmap(2).
pub(crate) fn reserve_faulting() -> io::Result<()> {
    if FAULTING.get().is_none() {
        let range = Mapping::reserve(FAULTING_BYTES)?;
        // Whoever was faster reserved as good a range.
        let _ = FAULTING.set(range);
    }
    Ok(())
}

/// The first address of that range. Before it was taken, an address that no process can map.
pub(crate) fn faulting_address() -> usize {
    FAULTING.get().map_or(usize::MAX << 47, Mapping::start)
}

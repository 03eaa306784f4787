//! Files and memory: reading one into the partition, asking whether one may be mapped, and the trace's record.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::ptr;

use virtio_ikc::message::TraceRecord;

use super::partition::HostRun;
use crate::own_descriptors::OwnFile;

/// Reads `file` from `offset` into the partition; answers how many bytes, fewer at the file's end.
///
/// # Errors
/// Those of pread(2).
pub(crate) fn read_file(file: &OwnFile, into: HostRun, offset: u64) -> io::Result<u64> {
    let offset = i64::try_from(offset).map_err(|_| io::ErrorKind::InvalidInput)?;
    let place = ptr::with_exposed_provenance_mut(into.address());
    // SAFETY: the run is mapped, and no reference of ours relies on its bytes.
    let read = unsafe { libc::pread(file.as_fd().as_raw_fd(), place, into.length(), offset) };
    u64::try_from(read).map_err(|_| io::Error::last_os_error())
}

/// Lets Linux judge whether `file` may be mapped with this protection and these flags: maps a page of it for a moment.
///
/// # Errors
/// Those of mmap(2).
pub(crate) fn probe_mapping(file: BorrowedFd<'_>, protection: i32, flags: i32) -> io::Result<()> {
    const PAGE: usize = 4096;
    let protection = protection & (libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC);
    let flags = flags & (libc::MAP_TYPE | libc::MAP_HUGETLB);
    // SAFETY: a new mapping at an address of Linux's choice changes no memory that exists.
    let page = unsafe { libc::mmap(ptr::null_mut(), PAGE, protection, flags, file.as_raw_fd(), 0) };
    if page == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it is the mapping just made, and nobody knows of it.
    unsafe { libc::munmap(page, PAGE) };
    Ok(())
}

/// A trace record from its bytes: plain numbers, of which every pattern is a value.
pub(crate) fn record_of_bytes(bytes: &[u8; size_of::<TraceRecord>()]) -> TraceRecord {
    // SAFETY: the record is `repr(C)` without padding that is read, made of integers only, and as long as the bytes.
    unsafe { ptr::read_unaligned(bytes.as_ptr().cast()) }
}

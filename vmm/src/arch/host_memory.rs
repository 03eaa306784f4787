//! The mapping of a partition's memory in this process.
//!
//! A partition's memory is never unmapped: vCPUs, the device and the agent's checks hold addresses in it until the
//! process ends, and the process is the partition. That is what makes the addresses handed out here valid for good.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::ptr::NonNull;
use std::sync::Arc;

use rustix::mm::{Advice, MapFlags, ProtFlags};
use vm_memory::mmap::MmapRegionBuilder;
use vm_memory::{FileOffset, GuestAddress, GuestRegionMmap};

/// Highest number of a NUMA node that the kernel knows (`CONFIG_NODES_SHIFT` of 10).
const MAX_NODES: usize = 1024;
const WORD_BITS: usize = u64::BITS as usize;

/// Shared, writable memory of a file, mapped until the process ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mapping {
    base: NonNull<u8>,
    length: u64,
}

// SAFETY: the mapping is never unmapped and this type reads and writes nothing through its pointer; whoever does
// answers for it.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Maps the first `length` bytes of `file` at an address that `alignment` (a power of two) divides.
    pub(crate) fn new(file: &File, length: u64, alignment: u64) -> io::Result<Self> {
        let bytes = to_usize(length)?;
        let alignment = to_usize(alignment)?;
        let around = bytes.checked_add(alignment).ok_or(io::ErrorKind::OutOfMemory)?;
        // SAFETY: the kernel chooses an unused range, which nothing refers to.
        let range = unsafe {
            rustix::mm::mmap_anonymous(
                std::ptr::null_mut(),
                around,
                ProtFlags::empty(),
                MapFlags::PRIVATE | MapFlags::NORESERVE,
            )?
        };
        let start = range.map_addr(|address| address.next_multiple_of(alignment));
        // The range is not unmapped on failure: mmap(2) may have taken `start..start + bytes` away before it failed (it does when huge
        // pages cannot be reserved), and then another thread's memory can be there by now. What is left has no pages.
        // SAFETY: `start..start + bytes` lies in the range just made, which is ours and holds nothing.
        let base = unsafe {
            let flags = MapFlags::SHARED | MapFlags::FIXED;
            rustix::mm::mmap(start, bytes, ProtFlags::READ | ProtFlags::WRITE, flags, file, 0)?
        };
        let base = NonNull::new(base.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        let mapping = Self { base, length };
        mapping.advise(0, length, Advice::LinuxDontDump)?;
        Ok(mapping)
    }

    /// The first byte.
    pub(crate) const fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// Bytes of the mapping.
    pub(crate) const fn length(&self) -> u64 {
        self.length
    }

    /// Asks for transparent huge pages.
    pub(crate) fn ask_for_huge_pages(&self) -> io::Result<()> {
        self.advise(0, self.length, Advice::LinuxHugepage)
    }

    /// Makes the pages of `start..start + length` present and writable (madvise(2), `MADV_POPULATE_WRITE`).
    pub(crate) fn populate(&self, start: u64, length: u64) -> io::Result<()> {
        self.advise(start, length, Advice::LinuxPopulateWrite)
    }

    /// Binds the memory to NUMA nodes (mbind(2), `MPOL_BIND`).
    pub(crate) fn bind(&self, nodes: &[u32]) -> io::Result<()> {
        let mask = node_mask(nodes)?;
        // SAFETY: mbind changes where pages come from, not what is in them; the mask outlives the call and has
        // MAX_NODES bits, of which the kernel reads one less than it is told.
        let result = unsafe {
            libc::syscall(
                libc::SYS_mbind,
                self.base.as_ptr(),
                self.length,
                libc::MPOL_BIND,
                mask.as_ptr(),
                MAX_NODES + 1,
                0,
            )
        };
        if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// The part `start..start + length` as the guest's memory at `guest_base`.
    pub(crate) fn guest_region(
        &self,
        file: &Arc<File>,
        start: u64,
        length: u64,
        guest_base: u64,
    ) -> io::Result<GuestRegionMmap> {
        self.check(start, length)?;
        let offset = FileOffset::from_arc(Arc::clone(file), start);
        // SAFETY: the part lies in the mapping (checked), which is readable, writable and there for good.
        let region = unsafe {
            MmapRegionBuilder::new(to_usize(length)?)
                .with_raw_mmap_pointer(self.base.as_ptr().add(to_usize(start)?))
                .with_mmap_prot(libc::PROT_READ | libc::PROT_WRITE)
                .with_mmap_flags(libc::MAP_SHARED)
                .with_file_offset(offset)
                .build()
        };
        GuestRegionMmap::new(region.map_err(io::Error::other)?, GuestAddress(guest_base))
            .ok_or_else(|| io::ErrorKind::InvalidInput.into())
    }

    fn advise(&self, start: u64, length: u64, advice: Advice) -> io::Result<()> {
        self.check(start, length)?;
        // SAFETY: the part lies in the mapping (checked), and none of the advice used here discards data.
        unsafe {
            let address = self.base.as_ptr().add(to_usize(start)?);
            rustix::mm::madvise(address.cast(), to_usize(length)?, advice)?;
        }
        Ok(())
    }

    fn check(&self, start: u64, length: u64) -> io::Result<()> {
        match start.checked_add(length) {
            Some(end) if end <= self.length => Ok(()),
            _ => Err(io::ErrorKind::InvalidInput.into()),
        }
    }
}

/// While this lives, pages that the calling thread reserves or touches come from the given nodes
/// (`set_mempolicy(2)`). Surplus huge pages are made where the thread's policy says, not the mapping's.
#[derive(Debug)]
pub(crate) struct ThreadPolicy(());

impl ThreadPolicy {
    /// Binds the thread's allocations to `nodes`.
    pub(crate) fn bind(nodes: &[u32]) -> io::Result<Self> {
        let mask = node_mask(nodes)?;
        // SAFETY: the mask outlives the call and has MAX_NODES bits.
        let result = unsafe { libc::syscall(libc::SYS_set_mempolicy, libc::MPOL_BIND, mask.as_ptr(), MAX_NODES + 1) };
        if result == 0 { Ok(Self(())) } else { Err(io::Error::last_os_error()) }
    }
}

impl Drop for ThreadPolicy {
    fn drop(&mut self) {
        // SAFETY: without a mask the call restores the default policy and reads no memory.
        unsafe {
            libc::syscall(libc::SYS_set_mempolicy, libc::MPOL_DEFAULT, std::ptr::null::<u64>(), 0);
        }
    }
}

fn node_mask(nodes: &[u32]) -> io::Result<[u64; MAX_NODES / WORD_BITS]> {
    let mut mask = [0; MAX_NODES / WORD_BITS];
    for node in nodes {
        let node = *node as usize;
        let word = mask.get_mut(node / WORD_BITS).ok_or(io::ErrorKind::InvalidInput)?;
        *word |= 1 << (node % WORD_BITS);
    }
    Ok(mask)
}

fn to_usize(number: u64) -> io::Result<usize> {
    usize::try_from(number).map_err(|_| io::ErrorKind::OutOfMemory.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(length: u64) -> (Arc<File>, Mapping) {
        let file = tempfile::tempfile().expect("a temporary file");
        file.set_len(length).expect("room");
        let mapping = Mapping::new(&file, length, 2 << 20).expect("mapped");
        (Arc::new(file), mapping)
    }

    #[test]
    fn mappings_are_aligned_as_asked() {
        let (_, mapping) = mapping(4 << 20);
        assert_eq!(mapping.base().addr().get() % (2 << 20), 0);
    }

    #[test]
    fn nothing_outside_the_mapping_is_touched() {
        let (file, mapping) = mapping(1 << 20);
        for (start, length) in [(0, (1 << 20) + 4096), (1 << 20, 4096), (u64::MAX, 2)] {
            assert!(mapping.populate(start, length).is_err());
            assert!(mapping.guest_region(&file, start, length, 0).is_err());
        }
        mapping.populate(4096, 8192).expect("inside");
    }

    #[test]
    fn memory_can_be_bound_to_the_first_node() {
        let (_, mapping) = mapping(1 << 20);
        mapping.bind(&[0]).expect("bound");
        drop(ThreadPolicy::bind(&[0]).expect("bound"));
        assert!(mapping.bind(&[5000]).is_err());
    }
}

//! The partition's memory: one file, one mapping, all of it there before the LWK boots.
//!
//! The LWK hands out memory as if it owned machine memory, so a page that Linux cannot deliver later would be a SIGBUS
//! in the middle of a run. Huge pages from hugetlb are therefore reserved whole at once; the mapping is the
//! reservation. They also are what makes programs fast: random access over 1 GiB takes 1.5 times as long on small
//! pages. The file is a memfd, which has no name, so it goes with the last process that has it open.

mod choose;
mod error;

use std::fs::File;
use std::io;
use std::ptr::NonNull;
use std::sync::Arc;

pub use error::MemoryError;
use rustix::fs::MemfdFlags;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use virtio_ikc::address::{GuestPhysical, LARGE_PAGE_SIZE, PAGE_SIZE};
use virtio_ikc::boot::MemoryRegion;
use virtio_ikc::layout::{DIRECT_MAP_BYTES, HIGH_MEMORY_START, LOW_MEMORY_END};
use vm_memory::{GuestMemoryMmap, GuestRegionMmap};

use super::huge_pool::HugeSize;
use super::prefault;
use crate::arch::host_memory::Mapping;
use crate::cli::{HugePages, Size};

/// The least memory that the LWK and a small program fit in.
pub const MINIMUM: u64 = 16 << 20;
/// The most memory that the LWK can map, the hole for devices taken off.
pub const MAXIMUM: u64 = DIRECT_MAP_BYTES - (HIGH_MEMORY_START - LOW_MEMORY_END);

/// What memory is wanted.
#[derive(Clone, Debug)]
pub struct MemoryRequest {
    /// Bytes; rounded up to whole pages of the kind that is used.
    pub size: Size,
    /// Which pages.
    pub pages: HugePages,
    /// Whether to populate all of it at once.
    pub prefault: bool,
    /// NUMA nodes to bind it to; none where there is nothing to choose.
    pub nodes: Vec<u32>,
}

/// The kind of page that backs a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageKind {
    /// hugetlb, reserved whole.
    Huge(HugeSize),
    /// Transparent huge pages, as far as Linux finds any when a page is touched first.
    Transparent,
    /// 4 KiB.
    Small,
}

impl PageKind {
    /// Bytes that the memory's size is a multiple of.
    #[must_use]
    pub const fn granule(self) -> u64 {
        match self {
            Self::Huge(size) => size.bytes(),
            Self::Transparent | Self::Small => LARGE_PAGE_SIZE,
        }
    }
}

/// The memory of a partition; mapped until the process ends, dropped or not.
#[derive(Debug)]
pub struct PartitionMemory {
    file: Arc<File>,
    mapping: Mapping,
    page: PageKind,
    populated: bool,
}

/// What the LWK and the smallest of programs use of a partition's memory: it is taken from its start.
const BOOT_BYTES: u64 = 3 * LARGE_PAGE_SIZE;

/// The part of a partition's memory that its boot touches.
#[derive(Clone, Copy, Debug)]
pub struct FirstPages {
    mapping: Mapping,
    bytes: u64,
}

impl FirstPages {
    /// Populates it.
    ///
    /// # Errors
    /// What madvise(2), `MADV_POPULATE_WRITE`, gives.
    pub fn populate(self) -> io::Result<()> {
        if self.bytes == 0 { Ok(()) } else { self.mapping.populate(0, self.bytes) }
    }
}

/// The soft limit on file sizes (RLIMIT_FSIZE), put back when this goes.
struct FileSizeLimit(Rlimit);

impl FileSizeLimit {
    fn lifted() -> Self {
        let before = getrlimit(Resource::Fsize);
        // Where even the hard limit is too low, making the file fails and says so.
        let _ = setrlimit(Resource::Fsize, Rlimit { current: before.maximum, maximum: before.maximum });
        Self(before)
    }
}

impl Drop for FileSizeLimit {
    fn drop(&mut self) {
        let _ = setrlimit(Resource::Fsize, self.0);
    }
}

impl PartitionMemory {
    /// Reserves, binds and, if asked for, populates the memory. Warnings, a line each, are added to `warnings`.
    ///
    /// # Errors
    /// [`MemoryError`].
    pub fn reserve(request: &MemoryRequest, warnings: &mut Vec<String>) -> Result<Self, MemoryError> {
        check_size(request.size)?;
        // The memory is a file, but not one that the user's limit on files is about.
        let _unlimited = FileSizeLimit::lifted();
        let memory = match request.pages {
            HugePages::Huge1G => choose::forced(request, HugeSize::Huge)?,
            HugePages::Huge2M => choose::forced(request, HugeSize::Large)?,
            HugePages::Thp => choose::transparent(request)?,
            HugePages::None => choose::unreserved(request, PageKind::Small)?,
            HugePages::Auto => choose::best(request, warnings)?,
        };
        memory.settle(request)
    }

    /// The file; the offset of a byte in it is its offset in the mapping.
    #[must_use]
    pub fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// Bytes.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.mapping.length()
    }

    /// The first byte of the mapping, which is contiguous, readable, writable and stays until the process ends.
    #[must_use]
    pub const fn base(&self) -> NonNull<u8> {
        self.mapping.base()
    }

    /// The kind of page that backs it.
    #[must_use]
    pub const fn page(&self) -> PageKind {
        self.page
    }

    /// Whether all of it was populated.
    #[must_use]
    pub const fn is_populated(&self) -> bool {
        self.populated
    }

    /// Where the guest sees it: below and, when it does not fit there, above the hole for devices. The first region
    /// begins at offset 0 of the file, the second where the first ends.
    #[must_use]
    pub fn regions(&self) -> Vec<MemoryRegion> {
        regions(self.size())
    }

    /// The memory as rust-vmm's crates take it.
    ///
    /// # Errors
    /// None that can be caused from outside; what vm-memory finds wrong with the regions.
    pub fn guest_memory(&self) -> io::Result<GuestMemoryMmap> {
        let mut offset = 0;
        let mut parts: Vec<GuestRegionMmap> = Vec::new();
        for region in self.regions() {
            let part = self.mapping.guest_region(&self.file, offset, region.length, region.start.as_u64());
            parts.push(part?);
            offset += region.length;
        }
        GuestMemoryMmap::from_regions(parts).map_err(io::Error::other)
    }

    /// The pages that every boot touches, to be populated by another thread.
    #[must_use]
    pub fn first_pages(&self) -> FirstPages {
        let bytes =
            if matches!(self.page, PageKind::Huge(_)) && !self.populated { BOOT_BYTES.min(self.size()) } else { 0 };
        FirstPages { mapping: self.mapping, bytes }
    }

    fn settle(mut self, request: &MemoryRequest) -> Result<Self, MemoryError> {
        if !request.nodes.is_empty() {
            let advice = "choose CPUs whose NUMA node has memory that this process's cpuset allows";
            let bound = self.mapping.bind(&request.nodes);
            bound.map_err(|source| MemoryError::System { what: "bind", source, advice })?;
        }
        if request.prefault {
            let advice = "--prefault needs Linux 5.14 and that much free memory";
            let populated = prefault::populate(&self.mapping, self.page.granule());
            populated.map_err(|source| MemoryError::System { what: "populate", source, advice })?;
            self.populated = true;
        }
        Ok(self)
    }
}

fn check_size(size: Size) -> Result<(), MemoryError> {
    match size.bytes() {
        0..MINIMUM => Err(MemoryError::TooSmall(size)),
        MINIMUM..=MAXIMUM => Ok(()),
        _ => Err(MemoryError::TooLarge(size)),
    }
}

fn regions(size: u64) -> Vec<MemoryRegion> {
    let low = size.min(LOW_MEMORY_END);
    let low_region = MemoryRegion { start: GuestPhysical(0), length: low };
    let high_region = MemoryRegion { start: GuestPhysical(HIGH_MEMORY_START), length: size - low };
    [low_region, high_region].into_iter().filter(|region| region.length > 0).collect()
}

fn map(request: &MemoryRequest, page: PageKind, flags: MemfdFlags) -> io::Result<PartitionMemory> {
    let length = request.size.bytes().next_multiple_of(page.granule());
    let file = File::from(rustix::fs::memfd_create("lwk-memory", flags | MemfdFlags::CLOEXEC)?);
    file.set_len(length)?;
    let mapping = Mapping::new(&file, length, page.granule().max(PAGE_SIZE))?;
    if page == PageKind::Transparent {
        mapping.ask_for_huge_pages()?;
    }
    Ok(PartitionMemory { file: Arc::new(file), mapping, page, populated: false })
}

/// Bytes that programs can have without swapping (`proc_meminfo(5)`, `MemAvailable`).
#[must_use]
pub fn available_memory() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let kilobytes = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or_default() << 10
}

#[cfg(test)]
mod tests;

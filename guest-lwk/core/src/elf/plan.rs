//! What is to be loaded, and where.

use alloc::vec::Vec;
use core::ops::Range;

use virtio_ikc::address::PAGE_SIZE;
use virtio_ikc::layout::{PROGRAM_END, PROGRAM_START};

use super::error::ElfError;
use crate::protection::Protection;

/// Whether the file says where it is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// At the addresses of its segments (`ET_EXEC`).
    Fixed,
    /// Anywhere (`ET_DYN`): a bias is added to every address.
    PositionIndependent,
}

/// A segment to load (`PT_LOAD`), checked: it does not wrap, it ends at or below
/// [`PROGRAM_END`], the file's part is not longer than the memory's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentPlan {
    /// First address, before the bias. It need not be the first of a page.
    pub vaddr: u64,
    /// Where the segment begins in the file. It may lie past the end of the file.
    pub file_offset: u64,
    /// Bytes that come from the file. If not 0, `file_offset` and `vaddr` are at the same place in their pages.
    pub file_size: u64,
    /// Bytes in memory; what the file does not give is zero.
    pub memory_size: u64,
    /// What the program may do with it.
    pub protection: Protection,
}

impl SegmentPlan {
    /// First address behind it, before the bias.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.vaddr + self.memory_size
    }
}

/// What an ELF file asks for. All addresses are before the bias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Whether a bias is added.
    pub kind: Kind,
    /// Where execution begins (`AT_ENTRY`).
    pub entry: u64,
    /// What is to be loaded, in the file's order; never empty. A later segment replaces what it overlaps.
    pub segments: Vec<SegmentPlan>,
    /// Where in the file the interpreter's path is, its NUL included; see [`super::interpreter_path`].
    pub interpreter: Option<Range<u64>>,
    /// Where the program headers are in memory (`AT_PHDR`), or 0 if they are not loaded.
    pub program_headers: u64,
    /// How many program headers there are (`AT_PHNUM`).
    pub program_header_count: u16,
    /// What `PT_GNU_STACK` says about the stack; without it x86-64 programs get one that is not executable.
    pub stack_executable: Option<bool>,
    /// What the address that a position-independent file is loaded at should be divided by: the largest power
    /// of two that its segments ask for, at least the page size.
    pub alignment: u64,
}

impl Plan {
    /// The first page of the lowest segment.
    #[must_use]
    pub fn lowest(&self) -> u64 {
        self.segments.iter().map(|segment| segment.vaddr & !(PAGE_SIZE - 1)).min().unwrap_or(0)
    }

    /// The end of the highest segment, to the byte. The heap begins at the next page.
    #[must_use]
    pub fn highest(&self) -> u64 {
        self.segments.iter().map(SegmentPlan::end).max().unwrap_or(0)
    }

    /// Bytes from the first page to the last, whole pages: the room that a position-independent file needs.
    #[must_use]
    pub fn mapping_bytes(&self) -> u64 {
        (self.highest() - self.lowest()).next_multiple_of(PAGE_SIZE)
    }

    /// What must be added (modulo 2^64) to every address so that the lowest page comes to `base`; 0 for a fixed
    /// file, whatever `base` is.
    ///
    /// # Errors
    /// [`ElfError::BadSegment`] if `base` is not a page's address or the file would not lie inside the program's
    /// addresses there.
    pub fn bias(&self, base: u64) -> Result<u64, ElfError> {
        if self.kind == Kind::Fixed {
            return Ok(0);
        }
        let end = base.checked_add(self.mapping_bytes()).ok_or(ElfError::BadSegment)?;
        if !base.is_multiple_of(PAGE_SIZE) || base < PROGRAM_START || end > PROGRAM_END {
            return Err(ElfError::BadSegment);
        }
        Ok(base.wrapping_sub(self.lowest()))
    }

    /// Where execution begins.
    ///
    /// # Errors
    /// [`ElfError::BadEntry`] if that is no address of a program.
    pub fn entry_address(&self, bias: u64) -> Result<u64, ElfError> {
        let address = self.entry.wrapping_add(bias);
        if address >= PROGRAM_END { Err(ElfError::BadEntry) } else { Ok(address) }
    }

    /// The addresses of code and of data as proc(5) gives them in `/proc/<pid>/stat` (`startcode`, `endcode`,
    /// `start_data`, `end_data`).
    #[must_use]
    pub fn code_and_data(&self) -> (Range<u64>, Range<u64>) {
        let file_end = |segment: &SegmentPlan| segment.vaddr + segment.file_size;
        let code = || self.segments.iter().filter(|segment| segment.protection.contains(Protection::EXECUTE));
        let code_start = code().map(|segment| segment.vaddr).min().unwrap_or(0);
        let code_end = code().map(file_end).max().unwrap_or(0);
        let data_start = self.segments.iter().map(|segment| segment.vaddr).max().unwrap_or(0);
        let data_end = self.segments.iter().map(file_end).max().unwrap_or(0);
        (code_start..code_end, data_start..data_end)
    }
}

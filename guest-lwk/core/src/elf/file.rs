//! From bytes of a file to the plan: which of them to read, and the checks that Linux makes.

use alloc::vec::Vec;
use core::ops::Range;

use virtio_ikc::address::PAGE_SIZE;
use virtio_ikc::layout::{PROGRAM_END, PROGRAM_START};

use super::error::{ElfError, Role};
use super::header::{FileHeader, HEADER_BYTES, PROGRAM_HEADER_BYTES, ProgramHeader, SegmentKind};
use super::plan::{Kind, Plan, SegmentPlan};
use crate::number::index;
use crate::protection::Protection;

/// Most bytes of an interpreter's path, its NUL included (`PATH_MAX`).
const PATH_MAX: u64 = 4096;
/// Largest offset in a file (`MAX_LFS_FILESIZE`).
const MAX_OFFSET: u64 = i64::MAX as u64;

/// An ELF file whose file header is sound and whose program headers are still to be read.
#[derive(Clone, Copy, Debug)]
pub struct ElfFile {
    header: FileHeader,
    role: Role,
    size: u64,
}

impl ElfFile {
    /// Looks at the first bytes of a file of `size` bytes: `head` has at least [`HEADER_BYTES`] of them, or all.
    ///
    /// # Errors
    /// [`ElfError`] if the header is not one that Linux accepts.
    pub fn read(role: Role, head: &[u8], size: u64) -> Result<Self, ElfError> {
        if role == Role::Interpreter && size < HEADER_BYTES as u64 {
            return Err(ElfError::TruncatedHeader);
        }
        let header = FileHeader::read(head)?;
        let end = header.table_offset.checked_add(header.table_bytes());
        if end.is_none_or(|end| end > size) {
            return Err(ElfError::BadProgramHeaders);
        }
        Ok(Self { header, role, size })
    }

    /// Where in the file the program headers lie: the bytes that [`Self::plan`] wants, at most 64 KiB.
    #[must_use]
    pub fn program_headers(&self) -> Range<u64> {
        self.header.table_offset..self.header.table_offset + self.header.table_bytes()
    }

    /// The program headers, if they lie in the first bytes of the file, as they mostly do.
    #[must_use]
    pub fn program_headers_in<'a>(&self, head: &'a [u8]) -> Option<&'a [u8]> {
        let Range { start, end } = self.program_headers();
        head.get(index(start)..index(end))
    }

    /// Turns the program headers into what is to be done.
    ///
    /// # Errors
    /// [`ElfError`] if Linux would refuse them or die of them.
    pub fn plan(&self, program_headers: &[u8]) -> Result<Plan, ElfError> {
        if program_headers.len() as u64 != self.header.table_bytes() {
            return Err(ElfError::BadProgramHeaders);
        }
        let entries = program_headers.chunks_exact(usize::from(PROGRAM_HEADER_BYTES));
        let entries: Vec<ProgramHeader> = entries.map(ProgramHeader::read).collect();
        let interpreter = self.interpreter(&entries)?;
        let loads: Vec<&ProgramHeader> = entries.iter().filter(|entry| entry.kind == SegmentKind::Load).collect();
        if loads.is_empty() {
            return Err(ElfError::NoSegments);
        }
        let segments = loads.iter().map(|entry| self.segment(entry)).collect::<Result<Vec<_>, _>>()?;
        let alignments = loads.iter().map(|entry| entry.alignment).filter(|alignment| alignment.is_power_of_two());
        let stack = entries.iter().rev().find(|entry| entry.kind == SegmentKind::Stack);
        let plan = Plan {
            kind: if self.header.is_shared { Kind::PositionIndependent } else { Kind::Fixed },
            entry: self.header.entry,
            interpreter,
            program_headers: self.table_address(&segments),
            program_header_count: self.header.table_entries,
            stack_executable: stack.map(|entry| entry.protection.contains(Protection::EXECUTE)),
            alignment: alignments.max().unwrap_or(0).max(PAGE_SIZE),
            segments,
        };
        if plan.interpreter.is_none() && plan.kind == Kind::Fixed {
            plan.entry_address(0)?;
        }
        Ok(plan)
    }

    /// Where the path of the interpreter lies in the file, its NUL included. Only the first one counts, and that
    /// of an interpreter not at all.
    fn interpreter(&self, entries: &[ProgramHeader]) -> Result<Option<Range<u64>>, ElfError> {
        let first = entries.iter().find(|entry| entry.kind == SegmentKind::Interpreter);
        let Some(entry) = first.filter(|_| self.role == Role::Program) else {
            return Ok(None);
        };
        if !(2..=PATH_MAX).contains(&entry.file_size) {
            return Err(ElfError::BadInterpreterPath);
        }
        let end = entry.offset.checked_add(entry.file_size).filter(|&end| end <= self.size);
        Ok(Some(entry.offset..end.ok_or(ElfError::TruncatedInterpreterPath)?))
    }

    fn segment(&self, entry: &ProgramHeader) -> Result<SegmentPlan, ElfError> {
        let end = entry.vaddr.checked_add(entry.memory_size).ok_or(ElfError::BadSegment)?;
        let is_too_low = !self.header.is_shared && entry.vaddr < PROGRAM_START;
        if is_too_low || entry.vaddr >= PROGRAM_END || end > PROGRAM_END || entry.file_size > entry.memory_size {
            return Err(ElfError::BadSegment);
        }
        if entry.file_size > 0 && !can_be_mapped(entry) {
            return Err(ElfError::BadSegment);
        }
        Ok(SegmentPlan {
            vaddr: entry.vaddr,
            file_offset: entry.offset,
            file_size: entry.file_size,
            memory_size: entry.memory_size,
            protection: entry.protection,
        })
    }

    /// Where the program headers are in memory, before the bias: in the last segment that has them, or 0.
    fn table_address(&self, segments: &[SegmentPlan]) -> u64 {
        let table = self.header.table_offset;
        let holds = |segment: &&SegmentPlan| {
            table.checked_sub(segment.file_offset).is_some_and(|distance| distance < segment.file_size)
        };
        segments.iter().rev().find(holds).map_or(0, |segment| table - segment.file_offset + segment.vaddr)
    }
}

/// Whether mmap(2) takes the segment's place in the file: page by page as in memory, inside the numbers a file has.
fn can_be_mapped(entry: &ProgramHeader) -> bool {
    let in_page = entry.vaddr % PAGE_SIZE;
    let end = entry.offset.checked_add(entry.file_size);
    entry.offset % PAGE_SIZE == in_page && end.is_some_and(|end| end <= MAX_OFFSET)
}

/// The interpreter's path, from the bytes that [`Plan::interpreter`] names.
///
/// # Errors
/// [`ElfError::BadInterpreterPath`] if the last byte is not NUL.
pub fn interpreter_path(bytes: &[u8]) -> Result<&[u8], ElfError> {
    match bytes.split_last() {
        Some((0, path)) => Ok(path.split(|&byte| byte == 0).next().unwrap_or_default()),
        _ => Err(ElfError::BadInterpreterPath),
    }
}

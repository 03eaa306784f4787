//! The headers, field by field (elf(5)).

use super::error::ElfError;
use crate::protection::Protection;

/// Bytes of the file header. What a shorter file lacks counts as zeros.
pub const HEADER_BYTES: usize = 64;
/// Bytes of one program header.
pub(super) const PROGRAM_HEADER_BYTES: u16 = 56;
/// Most bytes of all program headers together.
const MAX_TABLE_BYTES: u64 = 65_536;

const MAGIC: &[u8] = b"\x7fELF";
const MACHINE_X86_64: u16 = 62;
const TYPE_EXECUTABLE: u16 = 2;
const TYPE_SHARED: u16 = 3;

/// What counts of the file header.
#[derive(Clone, Copy, Debug)]
pub(super) struct FileHeader {
    pub(super) is_shared: bool,
    pub(super) entry: u64,
    pub(super) table_offset: u64,
    pub(super) table_entries: u16,
}

impl FileHeader {
    /// Reads the header and checks all that can be checked before the program headers are there.
    pub(super) fn read(head: &[u8]) -> Result<Self, ElfError> {
        let fields = Fields(head);
        if !head.starts_with(MAGIC) || fields.u16(18) != MACHINE_X86_64 {
            return Err(ElfError::NotForThisMachine);
        }
        let is_shared = match fields.u16(16) {
            TYPE_EXECUTABLE => false,
            TYPE_SHARED => true,
            _ => return Err(ElfError::NotExecutable),
        };
        let header =
            Self { is_shared, entry: fields.u64(24), table_offset: fields.u64(32), table_entries: fields.u16(56) };
        let has_known_entries = fields.u16(54) == PROGRAM_HEADER_BYTES;
        if !has_known_entries || header.table_bytes() == 0 || header.table_bytes() > MAX_TABLE_BYTES {
            return Err(ElfError::BadProgramHeaders);
        }
        Ok(header)
    }

    /// Bytes of the program headers.
    pub(super) fn table_bytes(&self) -> u64 {
        u64::from(PROGRAM_HEADER_BYTES) * u64::from(self.table_entries)
    }
}

/// What a program header describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SegmentKind {
    Load,
    Interpreter,
    Stack,
    Other,
}

/// A program header.
#[derive(Clone, Copy, Debug)]
pub(super) struct ProgramHeader {
    pub(super) kind: SegmentKind,
    pub(super) protection: Protection,
    pub(super) offset: u64,
    pub(super) vaddr: u64,
    pub(super) file_size: u64,
    pub(super) memory_size: u64,
    pub(super) alignment: u64,
}

impl ProgramHeader {
    /// Reads one entry of the table.
    pub(super) fn read(entry: &[u8]) -> Self {
        let fields = Fields(entry);
        let kind = match fields.u32(0) {
            1 => SegmentKind::Load,
            3 => SegmentKind::Interpreter,
            0x6474_e551 => SegmentKind::Stack,
            _ => SegmentKind::Other,
        };
        Self {
            kind,
            protection: protection(fields.u32(4)),
            offset: fields.u64(8),
            vaddr: fields.u64(16),
            file_size: fields.u64(32),
            memory_size: fields.u64(40),
            alignment: fields.u64(48),
        }
    }
}

/// `PF_R`, `PF_W` and `PF_X` run the other way round than `PROT_READ`, `PROT_WRITE` and `PROT_EXEC`.
fn protection(flags: u32) -> Protection {
    [(4, Protection::READ), (2, Protection::WRITE), (1, Protection::EXECUTE)]
        .into_iter()
        .filter(|(bit, _)| flags & bit != 0)
        .map(|(_, protection)| protection)
        .collect()
}

/// Little-endian fields of a structure; bytes past its end are zeros.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn bytes<const N: usize>(&self, at: usize) -> [u8; N] {
        core::array::from_fn(|i| self.0.get(at + i).copied().unwrap_or(0))
    }

    fn u16(&self, at: usize) -> u16 {
        u16::from_le_bytes(self.bytes(at))
    }

    fn u32(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.bytes(at))
    }

    fn u64(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.bytes(at))
    }
}

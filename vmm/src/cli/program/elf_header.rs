//! ELF headers as far as execve(2) looks at them before it commits itself.
//!
//! The file may be truncated or hostile; every number in it is checked before it is used, and nothing is read that
//! the file's own size does not bound.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use elf::abi;
use elf::endian::LittleEndian;
use elf::file::{Class, FileHeader, parse_ident};
use elf::segment::{ProgramHeader, SegmentTable};

use super::{ProgramError, check};

/// Bytes of a 64-bit program header (ELF-64, "Program header table").
const PROGRAM_HEADER_BYTES: u16 = 56;
/// Bytes of a 64-bit file header.
const FILE_HEADER_BYTES: usize = 64;
/// Bytes of program headers that Linux accepts (`fs/binfmt_elf.c`, `load_elf_phdrs`).
const MAX_TABLE_BYTES: usize = 65_536;
/// Bytes of the longest interpreter path, its NUL included (`PATH_MAX`).
const MAX_PATH_BYTES: u64 = 4096;

/// Checks the ELF file that begins with `head`, and that its interpreter can be executed.
pub(super) fn check(path: &Path, workdir: &Path, file: &File, head: &[u8]) -> Result<(), ProgramError> {
    let problem = |problem| ProgramError::Elf { path: path.to_owned(), problem };
    let header = file_header(head).map_err(problem)?;
    let table = program_headers(&header, file).map_err(problem)?;
    let segments = SegmentTable::new(LittleEndian, Class::ELF64, &table);
    if !segments.iter().any(|segment| segment.p_type == abi::PT_LOAD) {
        return Err(problem("has no segment to load; link it as an executable"));
    }
    for segment in segments.iter().filter(|segment| segment.p_type == abi::PT_LOAD) {
        loadable(&segment).map_err(problem)?;
    }
    match segments.iter().find(|segment| segment.p_type == abi::PT_INTERP) {
        None => Ok(()),
        Some(segment) => {
            let interpreter = interpreter(&segment, file).map_err(problem)?;
            check_interpreter(path, interpreter, workdir)
        }
    }
}

fn file_header(head: &[u8]) -> Result<FileHeader<LittleEndian>, &'static str> {
    const TRUNCATED: &str = "the ELF header is cut off; copy the file again";
    let tail = head.get(abi::EI_NIDENT..FILE_HEADER_BYTES).ok_or(TRUNCATED)?;
    let ident = parse_ident::<LittleEndian>(head)
        .map_err(|_| "not a little-endian ELF file of version 1; build it for x86-64 Linux")?;
    if ident.1 != Class::ELF64 {
        return Err("a 32-bit ELF file; build it for x86-64 Linux");
    }
    let header = FileHeader::parse_tail(ident, tail).map_err(|_| TRUNCATED)?;
    if header.e_machine != abi::EM_X86_64 {
        return Err("built for another machine; build it for x86-64 Linux");
    }
    if !matches!(header.e_type, abi::ET_EXEC | abi::ET_DYN) {
        return Err("an ELF file that is no executable; link it");
    }
    Ok(header)
}

fn program_headers(header: &FileHeader<LittleEndian>, file: &File) -> Result<Vec<u8>, &'static str> {
    if header.e_phentsize != PROGRAM_HEADER_BYTES {
        return Err("the ELF program headers have a wrong size; the file is damaged");
    }
    let length = usize::from(header.e_phnum) * usize::from(PROGRAM_HEADER_BYTES);
    if length == 0 || length > MAX_TABLE_BYTES {
        return Err("the number of ELF program headers is out of range; the file is damaged");
    }
    let mut table = vec![0; length];
    file.read_exact_at(&mut table, header.e_phoff)
        .map_err(|_| "the ELF program headers lie outside the file; it is cut off or damaged")?;
    Ok(table)
}

/// What Linux's `elf_map` and `elf_load` would refuse with EINVAL or ENOMEM.
fn loadable(segment: &ProgramHeader) -> Result<(), &'static str> {
    let end = segment.p_vaddr.checked_add(segment.p_memsz);
    let file_end = segment.p_offset.checked_add(segment.p_filesz);
    let fits = end.is_some_and(|end| end <= virtio_ikc::layout::PROGRAM_END) && file_end.is_some();
    if segment.p_filesz > segment.p_memsz || !fits {
        return Err("an ELF segment lies outside the address space; the file is damaged");
    }
    Ok(())
}

fn interpreter(segment: &ProgramHeader, file: &File) -> Result<PathBuf, &'static str> {
    const DAMAGED: &str = "the path of its ELF interpreter is damaged; link it again";
    if segment.p_filesz < 2 || segment.p_filesz > MAX_PATH_BYTES {
        return Err(DAMAGED);
    }
    let length = usize::try_from(segment.p_filesz).map_err(|_| DAMAGED)?;
    let mut bytes = vec![0; length];
    file.read_exact_at(&mut bytes, segment.p_offset).map_err(|_| DAMAGED)?;
    if bytes.last() != Some(&0) {
        return Err(DAMAGED);
    }
    let name = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    Ok(PathBuf::from(OsStr::from_bytes(name)))
}

fn check_interpreter(program: &Path, interpreter: PathBuf, workdir: &Path) -> Result<(), ProgramError> {
    match check::executable(&interpreter, workdir) {
        Err(ProgramError::Missing(_)) => {
            return Err(ProgramError::InterpreterMissing { program: program.to_owned(), interpreter });
        }
        other => other?,
    }
    let (_, head) = check::head(&interpreter, workdir, FILE_HEADER_BYTES as u64)?;
    file_header(&head).map(drop).map_err(|_| ProgramError::Elf {
        path: program.to_owned(),
        problem: "its ELF interpreter is no x86-64 ELF file; install the right one",
    })
}

//! Headers made by hand, and the test program's own.

mod properties;

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;
use virtio_ikc::address::PAGE_SIZE;
use virtio_ikc::layout::{PROGRAM_END, PROGRAM_START};

use super::{ElfError, ElfFile, HEADER_BYTES, Kind, MapStep, Plan, Role, interpreter_path};
use crate::protection::Protection;

const LOAD: u32 = 1;
const INTERPRETER: u32 = 3;
const STACK: u32 = 0x6474_e551;
const READ_EXECUTE: u32 = 5;
const READ_WRITE: u32 = 6;
const FIXED: u16 = 2;
const SHARED: u16 = 3;

/// `p_type`, `p_flags`, and what is from `p_offset` on.
type Entry = (u32, u32, [u64; 6]);

fn segment(flags: u32, offset: u64, vaddr: u64, file_size: u64, memory_size: u64) -> Entry {
    (LOAD, flags, [offset, vaddr, vaddr, file_size, memory_size, PAGE_SIZE])
}

fn image(kind: u16, entry: u64, entries: &[Entry]) -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
    bytes.resize(16, 0);
    bytes.extend(kind.to_le_bytes());
    bytes.extend(62u16.to_le_bytes());
    bytes.extend(1u32.to_le_bytes());
    for field in [entry, HEADER_BYTES as u64, 0] {
        bytes.extend(field.to_le_bytes());
    }
    bytes.extend(0u32.to_le_bytes());
    for field in [64, 56, u16::try_from(entries.len()).unwrap(), 64, 0, 0] {
        bytes.extend(u16::to_le_bytes(field));
    }
    for (kind, flags, fields) in entries {
        bytes.extend(kind.to_le_bytes());
        bytes.extend(flags.to_le_bytes());
        for field in fields {
            bytes.extend(field.to_le_bytes());
        }
    }
    bytes
}

fn typical(kind: u16) -> Vec<u8> {
    let base = if kind == FIXED { 0x40_0000 } else { 0 };
    let entries = [
        (INTERPRETER, 4, [0x200, 0, 0, 28, 28, 1]),
        segment(READ_EXECUTE, 0, base, 0x1234, 0x1234),
        segment(READ_WRITE, 0x1e10, base + 0x2e10, 0x100, 0x3000),
        (STACK, READ_WRITE, [0; 6]),
    ];
    image(kind, base + 0x1000, &entries)
}

const FILE_SIZE: u64 = 0x2000;

fn plan_of(role: Role, head: &[u8], size: u64) -> Result<Plan, ElfError> {
    let file = ElfFile::read(role, head, size)?;
    let table = file.program_headers();
    let Some(headers) = file.program_headers_in(head) else {
        return file.plan(&vec![0; usize::try_from(table.end - table.start).unwrap()]);
    };
    file.plan(headers)
}

fn program(head: &[u8]) -> Result<Plan, ElfError> {
    plan_of(Role::Program, head, FILE_SIZE)
}

fn set<const N: usize>(head: &mut [u8], at: usize, bytes: [u8; N]) {
    head[at..at + N].copy_from_slice(&bytes);
}

#[test]
fn a_usual_program_is_understood() {
    let plan = program(&typical(FIXED)).unwrap();
    assert_eq!((plan.kind, plan.entry, plan.program_headers), (Kind::Fixed, 0x40_1000, 0x40_0040));
    assert_eq!(plan.interpreter, Some(0x200..0x21c));
    assert_eq!((plan.lowest(), plan.highest(), plan.mapping_bytes()), (0x40_0000, 0x40_5e10, 0x6000));
    assert_eq!((plan.stack_executable, plan.alignment), (Some(false), PAGE_SIZE));
    assert_eq!(plan.code_and_data(), (0x40_0000..0x40_1234, 0x40_2e10..0x40_2f10));
    assert_eq!(plan.segments.len(), 2);
}

#[test]
fn a_segment_becomes_file_pages_a_cleared_tail_and_zero_pages() {
    let plan = program(&typical(SHARED)).unwrap();
    let bias = plan.bias(0x7f00_0000_0000).unwrap();
    let read_write = Protection::READ | Protection::WRITE;
    let page = |number: u64| 0x7f00_0000_0000 + number * PAGE_SIZE;
    let expected = [
        MapStep::File { start: page(0), end: page(2), offset: 0, protection: Protection::READ | Protection::EXECUTE },
        MapStep::File { start: page(2), end: page(3), offset: 0x1000, protection: read_write },
        MapStep::ClearTail { start: page(2) + 0xf10, end: page(3) },
        MapStep::Zero { start: page(3), end: page(6), protection: read_write },
    ];
    assert_eq!(plan.steps(bias), expected);
}

#[test]
fn memory_behind_a_read_only_segment_is_writable_and_its_tail_is_kept() {
    let head = image(FIXED, 0x40_0000, &[segment(READ_EXECUTE, 0, 0x40_0000, 0x100, 0x1100)]);
    let steps = program(&head).unwrap().steps(0);
    assert_eq!(steps[1], MapStep::Zero { start: 0x40_1000, end: 0x40_2000, protection: Protection::all() });
}

#[test]
fn a_segment_without_file_is_zero_pages_and_may_lie_anywhere_in_its_page() {
    let head = image(FIXED, 0x40_0000, &[segment(READ_WRITE, 0x777, 0x40_0123, 0, 0x1000)]);
    let steps = program(&head).unwrap().steps(0);
    let protection = Protection::READ | Protection::WRITE;
    assert_eq!(steps, [MapStep::Zero { start: 0x40_0000, end: 0x40_2000, protection }]);
}

#[test]
fn the_bias_brings_the_lowest_page_to_the_base() {
    let entries = [segment(READ_WRITE, 0, 0x9000_2000, 8, 8), segment(READ_EXECUTE, 0x10, 0x9000_0010, 8, 8)];
    let plan = program(&image(SHARED, 0x9000_0010, &entries)).unwrap();
    let bias = plan.bias(0x2_0000).unwrap();
    assert_eq!(plan.entry_address(bias), Ok(0x2_0010));
    assert!(matches!(plan.steps(bias)[1], MapStep::File { start: 0x2_0000, .. }));
    assert_eq!(plan.bias(0x2_0001), Err(ElfError::BadSegment));
    assert_eq!(plan.bias(PROGRAM_END - 2 * PAGE_SIZE), Err(ElfError::BadSegment));
}

#[test]
fn what_linux_does_not_look_at_may_be_anything() {
    let mut head = typical(FIXED);
    set(&mut head, 4, [0xff; 12]);
    set(&mut head, 20, [0xff; 4]);
    set(&mut head, 58, [0xff; 6]);
    assert!(program(&head).is_ok());
}

#[test]
fn headers_that_linux_refuses_are_refused() {
    let cases: [(usize, u16, ElfError); 7] = [
        (0, 0x4d5a, ElfError::NotForThisMachine),
        (18, 3, ElfError::NotForThisMachine),
        (16, 1, ElfError::NotExecutable),
        (54, 32, ElfError::BadProgramHeaders),
        (56, 0, ElfError::BadProgramHeaders),
        (56, 1171, ElfError::BadProgramHeaders),
        (34, 1, ElfError::BadProgramHeaders),
    ];
    for (at, value, error) in cases {
        let mut head = typical(FIXED);
        set(&mut head, at, value.to_le_bytes());
        let got = program(&head).unwrap_err();
        assert_eq!((got, got.errno(Role::Program), got.is_fatal(Role::Program)), (error, 8, false), "{at}");
    }
    assert_eq!(program(b"").unwrap_err(), ElfError::NotForThisMachine);
    assert_eq!(plan_of(Role::Interpreter, &typical(SHARED), 63).unwrap_err().errno(Role::Interpreter), 5);
}

#[test]
fn segments_that_cannot_be_mapped_are_fatal() {
    let bad = [
        segment(READ_WRITE, 0, PROGRAM_END, 0, 0),
        segment(READ_WRITE, 0, 0x40_0000, 0, PROGRAM_END),
        segment(READ_WRITE, 0, 0x40_0000, 0, u64::MAX),
        segment(READ_WRITE, 0, 0x40_0000, 0x2000, 0x1000),
        segment(READ_WRITE, 1, 0x40_0000, 0x1000, 0x1000),
        segment(READ_WRITE, 1 << 63, 0x40_0000, 0x1000, 0x1000),
        segment(READ_WRITE, 0, PROGRAM_START - PAGE_SIZE, 8, 8),
    ];
    for entry in bad {
        let error = program(&image(FIXED, 0x40_0000, &[entry])).unwrap_err();
        assert_eq!((error, error.is_fatal(Role::Program)), (ElfError::BadSegment, true), "{entry:x?}");
    }
    assert_eq!(program(&image(SHARED, 0, &[(STACK, 6, [0; 6])])).unwrap_err(), ElfError::NoSegments);
    let no_entry = image(FIXED, PROGRAM_END, &[segment(READ_EXECUTE, 0, 0x40_0000, 8, 8)]);
    assert_eq!(program(&no_entry).unwrap_err(), ElfError::BadEntry);
}

#[test]
fn the_interpreters_path_is_checked_before_the_segments() {
    let with = |offset, length| {
        let entries = [(INTERPRETER, 4, [offset, 0, 0, length, 0, 0]), segment(6, 0, PROGRAM_END, 0, 0)];
        image(SHARED, 0, &entries)
    };
    assert_eq!(program(&with(0, 1)).unwrap_err(), ElfError::BadInterpreterPath);
    assert_eq!(program(&with(0, 4097)).unwrap_err(), ElfError::BadInterpreterPath);
    let truncated = program(&with(FILE_SIZE - 9, 10)).unwrap_err();
    assert_eq!((truncated, truncated.errno(Role::Program)), (ElfError::TruncatedInterpreterPath, 5));
    assert_eq!(program(&with(FILE_SIZE - 10, 10)).unwrap_err(), ElfError::BadSegment);
}

#[test]
fn an_interpreter_has_no_interpreter() {
    assert_eq!(plan_of(Role::Interpreter, &typical(SHARED), FILE_SIZE).unwrap().interpreter, None);
}

#[test]
fn the_interpreters_path_ends_with_a_nul() {
    assert_eq!(interpreter_path(b"/lib/ld.so\0"), Ok(&b"/lib/ld.so"[..]));
    assert_eq!(interpreter_path(b"/lib\0/ld.so\0"), Ok(&b"/lib"[..]));
    assert_eq!(interpreter_path(b"/lib/ld.so"), Err(ElfError::BadInterpreterPath));
    assert_eq!(interpreter_path(b""), Err(ElfError::BadInterpreterPath));
}

#[test]
fn the_programs_own_headers_are_understood() {
    let bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    let plan = plan_of(Role::Program, &bytes, bytes.len() as u64).unwrap();
    assert_eq!(plan.kind, Kind::PositionIndependent);
    let Range { start, end } = plan.interpreter.clone().unwrap();
    let path = &bytes[usize::try_from(start).unwrap()..usize::try_from(end).unwrap()];
    assert_eq!(interpreter_path(path), Ok(&b"/lib64/ld-linux-x86-64.so.2"[..]));
    assert_eq!((plan.lowest(), plan.program_headers, plan.stack_executable), (0, 64, Some(false)));
}

//! Linux says what an executable is: every file here is executed natively too.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

use lwk_core::elf::{ElfError, ElfFile, Plan, Role, interpreter_path};

const ENTRY: u64 = 0x40_0100;
const CODE_AT: usize = 0x100;
/// `exit(42)`.
const CODE: [u8; 12] = [0xbf, 42, 0, 0, 0, 0xb8, 60, 0, 0, 0, 0x0f, 0x05];
const SIGSEGV: i32 = 11;

/// What becomes of a file that is executed.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Runs,
    Fails(i32),
    Dies,
}

/// A program of 4 KiB that exits with 42: a file header, three program headers, code.
fn program() -> Vec<u8> {
    let mut bytes = vec![0; 4096];
    bytes[..4].copy_from_slice(b"\x7fELF");
    bytes[4..7].copy_from_slice(&[2, 1, 1]);
    put(&mut bytes, 16, &2u16.to_le_bytes());
    put(&mut bytes, 18, &62u16.to_le_bytes());
    put(&mut bytes, 24, &ENTRY.to_le_bytes());
    put(&mut bytes, 32, &64u64.to_le_bytes());
    put(&mut bytes, 54, &56u16.to_le_bytes());
    put(&mut bytes, 56, &3u16.to_le_bytes());
    for (i, (kind, flags, numbers)) in [
        (1u32, 5u32, [0, 0x40_0000, 0, 0x1000, 0x1000, 0x1000u64]),
        (1, 6, [0, 0x40_1000, 0, 0x800, 0x2800, 0x1000]),
        (0x6474_e551, 6, [0; 6]),
    ]
    .into_iter()
    .enumerate()
    {
        let at = 64 + 56 * i;
        put(&mut bytes, at, &kind.to_le_bytes());
        put(&mut bytes, at + 4, &flags.to_le_bytes());
        for (field, number) in numbers.into_iter().enumerate() {
            put(&mut bytes, at + 8 + 8 * field, &number.to_le_bytes());
        }
    }
    put(&mut bytes, CODE_AT, &CODE);
    bytes
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

fn natively(path: &Path) -> Fate {
    match Command::new(path).status() {
        Ok(status) if status.code() == Some(42) => Fate::Runs,
        Ok(status) if status.signal() == Some(SIGSEGV) => Fate::Dies,
        Ok(status) => panic!("{}: {status}", path.display()),
        Err(error) => Fate::Fails(error.raw_os_error().unwrap()),
    }
}

fn fate(error: ElfError, role: Role) -> Fate {
    if error.is_fatal(role) { Fate::Dies } else { Fate::Fails(error.errno(role)) }
}

fn plan(role: Role, bytes: &[u8]) -> Result<Plan, ElfError> {
    let head = &bytes[..bytes.len().min(4096)];
    let file = ElfFile::read(role, head, bytes.len() as u64)?;
    let range = file.program_headers();
    file.plan(&bytes[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()])
}

/// What the plan predicts, its interpreter included.
fn predicted(bytes: &[u8]) -> Fate {
    let plan = match plan(Role::Program, bytes) {
        Ok(plan) => plan,
        Err(error) => return fate(error, Role::Program),
    };
    let Some(range) = plan.interpreter else {
        return Fate::Runs;
    };
    let path =
        match interpreter_path(&bytes[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()]) {
            Ok(path) => str::from_utf8(path).unwrap(),
            Err(error) => return fate(error, Role::Program),
        };
    match fs::read(path) {
        Err(error) => Fate::Fails(error.raw_os_error().unwrap()),
        Ok(bytes) => {
            self::plan(Role::Interpreter, &bytes).map_or_else(|error| fate(error, Role::Interpreter), |_| Fate::Runs)
        }
    }
}

fn write_executable(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::write(path, bytes)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

/// Bytes and where they are put.
type Changes = Vec<(usize, Vec<u8>)>;

/// Where the program headers are.
const FIRST: usize = 64;
const SECOND: usize = FIRST + 56;
const THIRD: usize = SECOND + 56;

/// Changes of a few bytes, each of which makes a file of its own.
fn variants() -> Vec<(&'static str, Changes)> {
    vec![
        ("unchanged", vec![]),
        ("other class, byte order and version", vec![(4, vec![0xff; 12])]),
        ("no section headers that make sense", vec![(58, vec![0xff; 6])]),
        ("bad magic", vec![(0, vec![0x7e])]),
        ("other machine", vec![half(18, 183)]),
        ("relocatable file", vec![half(16, 1)]),
        ("core file", vec![half(16, 4)]),
        ("program headers of 32 bytes", vec![half(54, 32)]),
        ("no program headers", vec![half(56, 0)]),
        ("too many program headers", vec![half(56, 1171)]),
        ("program headers past the end", vec![quad(32, 4096 - 100)]),
        ("program headers at a negative offset", vec![quad(32, u64::MAX - 8)]),
        ("stack executable", vec![half(THIRD + 4, 7)]),
        ("no segments to load", vec![half(FIRST, 4), half(SECOND, 4)]),
        ("segment larger in the file than in memory", vec![quad(SECOND + 40, 0x7ff)]),
        ("segment past the address space", vec![quad(SECOND + 16, 0x8000_0000_0000_0000)]),
        ("segment that wraps", vec![quad(SECOND + 40, u64::MAX)]),
        ("segment as large as the address space", vec![quad(SECOND + 40, 0x7fff_ffff_f000)]),
        ("offset that does not go with the address", vec![quad(SECOND + 8, 8)]),
        ("offset that does not go with the address, no file", vec![quad(SECOND + 8, 8), quad(SECOND + 32, 0)]),
        ("negative offset", vec![quad(SECOND + 8, 1 << 63)]),
        ("segment without memory", vec![quad(SECOND + 32, 0), quad(SECOND + 40, 0)]),
        ("segment past the end of the file, no tail", vec![quad(SECOND + 8, 0x10_0000), quad(SECOND + 32, 0x1000)]),
        ("alignment that is no power of two", vec![quad(FIRST + 48, 3), quad(SECOND + 48, 0)]),
        ("entry past the address space", vec![quad(24, 1 << 63)]),
        ("segments in the wrong order", vec![quad(SECOND + 16, 0x20_0000)]),
        ("segment over the code", vec![quad(SECOND + 16, 0x40_0000), half(SECOND + 4, 7)]),
        ("position independent", vec![half(16, 3)]),
        ("position independent, no segments", vec![half(16, 3), half(FIRST, 4), half(SECOND, 4)]),
        ("interpreter's path of one byte", interpreter(b"\0", 1)),
        ("interpreter's path of more than PATH_MAX", interpreter(b"/x\0", 4097)),
        ("interpreter's path past the end", interpreter(b"/x\0", 4000)),
        ("interpreter's path without NUL", interpreter(b"/x/y", 4)),
        ("interpreter that is missing", interpreter(b"/nonexistent\0", 13)),
    ]
}

/// Interpreters that are changes of the program, each named by a program of its own.
fn with_interpreters(folder: &Path) -> Vec<(&'static str, Vec<u8>)> {
    let variants: [(&str, Changes, usize); 8] = [
        ("sound interpreter", vec![], 4096),
        ("interpreter of another machine", vec![half(18, 183)], 4096),
        ("interpreter that is a text", vec![(0, b"text".to_vec())], 4096),
        ("interpreter shorter than a header", vec![], 63),
        ("interpreter that is a relocatable file", vec![half(16, 1)], 4096),
        ("interpreter with short program headers", vec![half(54, 32)], 4096),
        ("interpreter without segments", vec![half(FIRST, 4), half(SECOND, 4)], 4096),
        ("interpreter whose segment wraps", vec![quad(SECOND + 40, u64::MAX)], 4096),
    ];
    let write = |(i, (name, changes, length)): (usize, (&'static str, Changes, usize))| {
        let path = folder.join(format!("interpreter-{i}"));
        write_executable(&path, &changed(changes)[..length]).unwrap();
        let path = [path.as_os_str().as_bytes(), b"\0"].concat();
        // Out of the interpreter's way, which lies where the program usually does.
        let mut changes = vec![half(16, 3), quad(24, 0x100), quad(FIRST + 16, 0), quad(SECOND + 16, 0x1000)];
        changes.extend(interpreter(&path, path.len() as u64));
        (name, changed(changes))
    };
    variants.into_iter().enumerate().map(write).collect()
}

fn quad(at: usize, value: u64) -> (usize, Vec<u8>) {
    (at, value.to_le_bytes().to_vec())
}

fn half(at: usize, value: u16) -> (usize, Vec<u8>) {
    (at, value.to_le_bytes().to_vec())
}

/// Makes the third program header name an interpreter.
fn interpreter(path: &[u8], length: u64) -> Changes {
    vec![half(THIRD, 3), half(THIRD + 2, 0), quad(THIRD + 8, 0x200), quad(THIRD + 32, length), (0x200, path.to_vec())]
}

fn changed(changes: Changes) -> Vec<u8> {
    let mut bytes = program();
    for (at, value) in changes {
        put(&mut bytes, at, &value);
    }
    bytes
}

#[test]
fn every_executable_meets_the_fate_that_linux_gives_it() {
    let folder = std::env::temp_dir().join(format!("lwk-core-elf-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let mut wrong = Vec::new();
    let mut programs: Vec<_> = variants().into_iter().map(|(name, changes)| (name, changed(changes))).collect();
    programs.extend(with_interpreters(&folder));
    for (i, (name, bytes)) in programs.into_iter().enumerate() {
        let path = folder.join(format!("program-{i}"));
        write_executable(&path, &bytes).unwrap();
        let (native, predicted) = (natively(&path), predicted(&bytes));
        if native != predicted {
            wrong.push(format!("{name}: {native:?} natively, predicted {predicted:?}"));
        }
    }
    fs::remove_dir_all(&folder).unwrap();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

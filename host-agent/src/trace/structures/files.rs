//! Structures of calls on files.

use crate::trace::argument::print_hex;
use crate::trace::bytes::{i64_at, u16_at, u32_at, u64_at};
use std::fmt::{Result, Write};
use virtio_ikc::table::names::describe;

/// File types, by the number that stands in `S_IFMT` (inode(7)).
const TYPES: [(u32, &str); 7] = [
    (0o010_000, "S_IFIFO"),
    (0o020_000, "S_IFCHR"),
    (0o040_000, "S_IFDIR"),
    (0o060_000, "S_IFBLK"),
    (0o100_000, "S_IFREG"),
    (0o120_000, "S_IFLNK"),
    (0o140_000, "S_IFSOCK"),
];
/// Bits beside the permissions.
const SPECIAL: [(u32, &str); 3] = [(0o4000, "S_ISUID"), (0o2000, "S_ISGID"), (0o1000, "S_ISVTX")];
const TYPE_MASK: u32 = 0o170_000;

/// A file's mode: its type if it has one, and its permission in octal.
pub(in crate::trace) fn print_mode(mode: u32, out: &mut dyn Write) -> Result {
    let Some((kind, name)) = TYPES.iter().find(|kind| kind.0 == mode & TYPE_MASK) else {
        return write!(out, "0{mode:02o}");
    };
    write!(out, "{name}|")?;
    let mut rest = mode & !kind;
    for (bit, name) in SPECIAL.iter().filter(|special| mode & special.0 != 0) {
        write!(out, "{name}|")?;
        rest &= !bit;
    }
    write!(out, "0{rest:02o}")
}

fn has_device(mode: u32) -> bool {
    matches!(mode & TYPE_MASK, 0o020_000 | 0o060_000)
}

/// `struct stat`.
pub(super) fn stat(bytes: &[u8], out: &mut dyn Write) -> Result {
    let mode = u32_at(bytes, 24);
    out.write_str("{st_mode=")?;
    print_mode(mode, out)?;
    if has_device(mode) {
        let device = u64_at(bytes, 40);
        let major = device >> 8 & 0xfff | device >> 32 & 0xffff_f000;
        let minor = device & 0xff | device >> 12 & 0xffff_ff00;
        return write!(out, ", st_rdev=makedev({major:#x}, {minor:#x}), ...}}");
    }
    write!(out, ", st_size={}, ...}}", i64_at(bytes, 48))
}

/// `struct statx`.
pub(super) fn statx(bytes: &[u8], out: &mut dyn Write) -> Result {
    out.write_str("{stx_mask=")?;
    describe("statx", u32_at(bytes, 0).into(), out)?;
    out.write_str(", stx_attributes=")?;
    print_hex(u64_at(bytes, 8), out)?;
    out.write_str(", stx_mode=")?;
    print_mode(u16_at(bytes, 28).into(), out)?;
    write!(out, ", stx_size={}, ...}}", u64_at(bytes, 40))
}

/// `struct statfs`.
pub(super) fn statfs(bytes: &[u8], out: &mut dyn Write) -> Result {
    let field = |place: usize| u64_at(bytes, place * 8);
    write!(out, "{{f_type={:#x}, f_bsize={}, f_blocks={}, ", field(0), field(1), field(2))?;
    write!(out, "f_bfree={}, f_bavail={}, ...}}", field(3), field(4))
}

/// `struct open_how`.
pub(super) fn open_how(bytes: &[u8], out: &mut dyn Write) -> Result {
    out.write_str("{flags=")?;
    describe("open", u64_at(bytes, 0), out)?;
    write!(out, ", mode=0{:02o}, resolve={:#x}}}", u64_at(bytes, 8), u64_at(bytes, 16))
}

/// A file offset or time in seconds.
pub(super) fn offset(bytes: &[u8], out: &mut dyn Write) -> Result {
    write!(out, "{}", i64_at(bytes, 0))
}

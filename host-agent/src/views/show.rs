//! Putting a view in the place of a descriptor.

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::fs::{MemfdFlags, Mode, OFlags, SealFlags};
use rustix::io::FdFlags;

use crate::arch::{Argument, call};
use crate::execute::Refusal;

/// Lets `descriptor` show `text` from its beginning; it can be read and nothing else.
pub(crate) fn show(descriptor: BorrowedFd<'_>, name: &str, text: &[u8]) -> Result<(), Refusal> {
    let mut file = File::from(rustix::fs::memfd_create(name, MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?);
    file.write_all(text)?;
    rustix::fs::fchmod(&file, Mode::from_raw_mode(0o444))?;
    rustix::fs::fcntl_add_seals(&file, SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL)?;
    let readable = reopened(&file, OFlags::RDONLY)?;
    replace(descriptor, &readable)
}

/// Lets `descriptor` be an empty file of the same access, which keeps nothing but a position.
pub(crate) fn placeholder(descriptor: BorrowedFd<'_>, name: &str) -> Result<(), Refusal> {
    let access = rustix::fs::fcntl_getfl(descriptor)? & OFlags::RWMODE;
    let file = File::from(rustix::fs::memfd_create(name, MemfdFlags::CLOEXEC)?);
    let file = reopened(&file, access)?;
    replace(descriptor, &file)
}

fn reopened(file: &File, access: OFlags) -> Result<OwnedFd, Refusal> {
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(rustix::fs::open(path, access | OFlags::CLOEXEC, Mode::empty())?)
}

fn replace(descriptor: BorrowedFd<'_>, file: &impl AsFd) -> Result<(), Refusal> {
    let closes = rustix::io::fcntl_getfd(descriptor)?.contains(FdFlags::CLOEXEC);
    let flags = if closes { libc::O_CLOEXEC } else { 0 };
    let number = |value: i32| Argument::number(u64::from(value.cast_unsigned()));
    let [from, to, flags] = [file.as_fd().as_raw_fd(), descriptor.as_raw_fd(), flags].map(number);
    let result = call(libc::SYS_dup3, [from, to, flags, Argument::NULL, Argument::NULL, Argument::NULL]);
    if result < 0 { Err(Refusal::Errno(i32::try_from(-result).unwrap_or(libc::EIO))) } else { Ok(()) }
}

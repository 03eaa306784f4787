//! Programs: opening one with the checks of execve(2), and taking its name.

use std::ffi::{CString, OsStr, OsString};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{Access, AtFlags, CWD, FileType, Mode, OFlags, Stat, StatVfsMountFlags};
use rustix::io::FdFlags;
use virtio_ikc::message::Operation;

use super::paths::executable_named;
use super::{Answer, Executor, Files, Refusal, writers};
use crate::arch::close_descriptor;
use crate::int::low;
use crate::own_descriptors::{borrow, is_own};
use crate::request::{Parsed, Violation};

/// Bytes of the longest path, its NUL included (PATH_MAX).
const LONGEST: u64 = 4096;

/// What the process runs: the file of a handle, or as long as there is none a path.
#[derive(Debug)]
pub(crate) enum Program {
    /// Its path: the first program, until it is open.
    Named(OsString),
    /// The LWK's handle of it.
    Open(u64),
}

impl Program {
    /// A path that leads to its file, also when that has been removed.
    pub(super) fn way(&self, files: &Files) -> Vec<u8> {
        match self {
            Self::Named(path) => path.as_bytes().to_vec(),
            Self::Open(handle) => {
                files.get(*handle, Operation::NAME).map_or_else(|_| Vec::new(), |file| magic_link(&*file).into_bytes())
            }
        }
    }

    /// The number of its descriptor, if it is open.
    pub(crate) fn descriptor(&self, files: &Files) -> Option<u32> {
        match self {
            Self::Named(_) => None,
            Self::Open(handle) => files.get(*handle, Operation::NAME).ok().map(|file| file.number()),
        }
    }

    /// What /proc/self/exe says.
    pub(super) fn path(&self, files: &Files) -> Vec<u8> {
        match self {
            Self::Named(path) => path.as_bytes().to_vec(),
            Self::Open(_) => {
                rustix::fs::readlink(self.way(files), Vec::new()).map_or_else(|_| Vec::new(), CString::into_bytes)
            }
        }
    }
}

/// `OPEN_EXECUTABLE`.
pub(super) fn open(executor: &mut Executor, request: &Parsed<'_>) -> Result<Answer, Refusal> {
    let path = text(executor, request, Operation::OPEN_EXECUTABLE)?;
    let [directory, _, flags, ..] = request.arguments;
    let own = executor.proxy.own;
    if is_own(directory) {
        return Err(Refusal::Errno(libc::EBADF));
    }
    let directory = borrow(directory).unwrap_or(CWD);
    let _brief = executor.proxy.briefly();
    let flags = AtFlags::from_bits_retain(low(flags));
    let meant = if flags.contains(AtFlags::SYMLINK_NOFOLLOW) { None } else { meant(executor, &path)? };
    let named = name(directory, meant.as_ref().unwrap_or(&path), flags)?;
    let status = check(&named)?;
    // What may be executed but not read cannot be loaded by anyone but Linux: EACCES.
    let file = rustix::fs::open(magic_link(&named), OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    writers::look_for(&file)?;
    let set_id = u64::from(status.st_mode & (libc::S_ISUID | libc::S_ISGID) != 0);
    let size = status.st_size.cast_unsigned();
    let handle = executor.proxy.files.add(own, file)?;
    Ok(Answer { result: handle, signal: 0, values: [size, set_id, status.st_ino, 0] })
}

/// `NAME`: the proxy takes the name of the program, and loses what execve(2) takes.
pub(super) fn rename(executor: &mut Executor, request: &Parsed<'_>) -> Result<Answer, Refusal> {
    let path = text(executor, request, Operation::NAME)?;
    let [handle, replaces, ..] = request.arguments;
    let proxy = executor.proxy;
    drop(proxy.files.get(handle, Operation::NAME)?);
    let _brief = proxy.briefly();
    if let Some(name) = Path::new(OsStr::from_bytes(path.as_bytes())).file_name() {
        set_process_name(name.as_encoded_bytes());
        proxy.name.forget();
    }
    proxy.set_executable(Program::Open(handle));
    if replaces == 1 {
        proxy.stand_ins.end_all(proxy.process);
        close_on_exec();
    }
    Ok(Answer::default())
}

/// Closes the program's descriptors that have FD_CLOEXEC, as execve(2) does.
fn close_on_exec() {
    // Without /proc there is no list, and a program with 2^20 descriptors is not worth asking for each.
    let Ok(list) = std::fs::read_dir("/proc/self/fd") else { return };
    let names = list.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let numbers: Vec<u32> = names.collect();
    for number in numbers {
        let Some(file) = borrow(number.into()) else { continue };
        if rustix::io::fcntl_getfd(file).is_ok_and(|flags| flags.contains(FdFlags::CLOEXEC)) {
            close_descriptor(number);
        }
    }
}

/// Gives this process's first thread, and so the process, a name; Linux keeps 15 bytes of it.
pub(crate) fn set_process_name(name: &[u8]) {
    // Without /proc, ps(1) shows nobody the name either.
    let _ = std::fs::write("/proc/self/comm", name);
}

/// The text that is a request's only buffer.
pub(super) fn text(executor: &mut Executor, request: &Parsed<'_>, operation: Operation) -> Result<CString, Refusal> {
    let [buffer] = request.buffers() else { return Err(Violation::Malformed(operation.0).into()) };
    if buffer.accessible < buffer.length {
        return Err(Refusal::Errno(libc::EFAULT));
    }
    let length = usize::try_from(buffer.length).ok().filter(|_| buffer.length < LONGEST);
    let mut bytes = vec![0; length.ok_or(Refusal::Errno(libc::ENAMETOOLONG))?];
    executor.copy_in(request, buffer, &mut bytes)?;
    bytes.truncate(bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len()));
    CString::new(bytes).map_err(|_| Refusal::Errno(libc::EINVAL))
}

/// Where `path` leads if it says /proc/PID/exe: not to the agent.
fn meant(executor: &mut Executor, path: &CString) -> Result<Option<CString>, Refusal> {
    let Some(owner) = executable_named(path.as_bytes(), executor.proxy.process) else { return Ok(None) };
    Ok(way_to_executable(executor, owner)?.and_then(|way| CString::new(way).ok()))
}

/// A path that leads to the program of `owner`. `None` if that is no process of the partition.
pub(super) fn way_to_executable(executor: &mut Executor, owner: u32) -> Result<Option<Vec<u8>>, Refusal> {
    let proxy = executor.proxy;
    if owner == proxy.process {
        return Ok(Some(proxy.executable().way(&proxy.files)));
    }
    let Some(number) = proxy.wires.roster.executable_of(owner) else { return Ok(None) };
    // Linux asks for the same right as for /proc/PID/exe (ptrace(2), PTRACE_MODE_READ_FSCREDS).
    let path = format!("/proc/{owner}/fd/{number}");
    let file = rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
    // Had the process just replaced its program, the number could be that of something else.
    if !FileType::from_raw_mode(rustix::fs::fstat(&file)?.st_mode).is_file() {
        return Err(Refusal::Errno(libc::ENOENT));
    }
    let way = executor.way.insert(proxy.files.adopt(proxy.own, file)?);
    Ok(Some(magic_link(way).into_bytes()))
}

/// The file that execve(2) would look at.
fn name(directory: BorrowedFd<'_>, path: &CString, flags: AtFlags) -> Result<OwnedFd, Refusal> {
    if path.is_empty() && flags.contains(AtFlags::EMPTY_PATH) {
        return Ok(rustix::io::fcntl_dupfd_cloexec(directory, 3)?);
    }
    let no_follow = flags.contains(AtFlags::SYMLINK_NOFOLLOW);
    let follow = if no_follow { OFlags::NOFOLLOW } else { OFlags::empty() };
    let named = rustix::fs::openat(directory, path, OFlags::PATH | OFlags::CLOEXEC | follow, Mode::empty())?;
    let is_link = no_follow && FileType::from_raw_mode(rustix::fs::fstat(&named)?.st_mode).is_symlink();
    if is_link { Err(Refusal::Errno(libc::ELOOP)) } else { Ok(named) }
}

/// The checks of execve(2): a file, on a file system that lets execute, with permission.
fn check(named: &OwnedFd) -> Result<Stat, Refusal> {
    let status = rustix::fs::fstat(named)?;
    let no_execution = rustix::fs::fstatvfs(named)?.f_flag.contains(StatVfsMountFlags::NOEXEC);
    if !FileType::from_raw_mode(status.st_mode).is_file() || no_execution {
        return Err(Refusal::Errno(libc::EACCES));
    }
    rustix::fs::accessat(CWD, magic_link(named), Access::EXEC_OK, AtFlags::EACCESS)?;
    Ok(status)
}

/// The path that leads to an open file.
fn magic_link(file: &impl AsFd) -> String {
    format!("/proc/self/fd/{}", file.as_fd().as_raw_fd())
}

//! Strings that Linux reads, and the few paths that would name the agent where the program means itself.

use std::ffi::CStr;

use virtio_ikc::message::Role;
use virtio_ikc::table::{Argument as Kind, Call};
use virtio_ikc::view::View;

use super::call::generic;
use super::executable::way_to_executable;
use super::frame::Frame;
use super::{Executor, Refusal};
use crate::arch::Argument;
use crate::int::int;
use crate::own_descriptors::is_own;
use crate::request::{Buffer, Parsed};
use crate::views::{Renamed, rename};

/// Bytes that Linux reads of a string before it gives up (PATH_MAX, and more than any other string's limit).
const LONGEST: u64 = 4096;

/// Copies a string, a NUL behind it. One that is too long is handed on too long, for Linux to refuse.
pub(super) fn string(
    executor: &mut Executor,
    request: &Parsed<'_>,
    buffer: &Buffer,
    path_of: Option<&'static Call>,
) -> Result<Argument<'static>, Refusal> {
    let length = usize::try_from(buffer.length.min(LONGEST)).map_err(|_| Refusal::Errno(libc::ENAMETOOLONG))?;
    let taken = executor.scratch.bounce(length + 1).ok_or(Refusal::Errno(libc::ENAMETOOLONG))?;
    let memory = &executor.proxy.memory;
    let bytes = executor.scratch.bytes(taken);
    bytes[length] = 0;
    super::copy::copy_in(memory, request, buffer, &mut bytes[..length])?;
    let text = path_of.and_then(|call| Some((call, CStr::from_bytes_until_nul(bytes).ok()?)));
    let special = text.and_then(|(call, text)| Some((call, special(text.to_bytes(), executor.proxy.process)?)));
    let renamed = text.map_or(Renamed::Ordinary, |(call, text)| {
        let directory = directory(call, request, buffer.argument);
        let proxy = executor.proxy;
        rename(directory, text.to_bytes(), request.thread, &proxy.wires.cpus, |thread| proxy.hides_thread(thread))
    });
    match renamed {
        Renamed::Nowhere => return Err(Refusal::Errno(libc::ENOENT)),
        Renamed::To(path) => return own_string(executor, &path),
        Renamed::Ordinary | Renamed::Same => {}
    }
    match special {
        Some((_, Special::Descriptor(number))) if is_own(number) => Err(Refusal::Errno(libc::ENOENT)),
        Some((call, Special::Executable(owner))) if follows(call, &request.arguments) => {
            way_to_executable(executor, owner)?.map_or(Ok(Argument::scratch(taken)), |way| own_string(executor, &way))
        }
        _ => Ok(Argument::scratch(taken)),
    }
}

/// Whose program `path`, which process `process` uses, names.
pub(super) fn executable_named(path: &[u8], process: u32) -> Option<u32> {
    match special(path, process)? {
        Special::Executable(owner) => Some(owner),
        Special::Descriptor(_) => None,
    }
}

/// The descriptor that the path of argument `position` begins at, if the call has one.
fn directory(call: &Call, request: &Parsed<'_>, position: u8) -> Option<u64> {
    let before = usize::from(position).checked_sub(1)?;
    (call.arguments[before] == Kind::DirFd).then(|| request.arguments[before])
}

fn own_string(executor: &mut Executor, path: &[u8]) -> Result<Argument<'static>, Refusal> {
    let taken = executor.scratch.bounce(path.len() + 1).ok_or(Refusal::Errno(libc::ENAMETOOLONG))?;
    let (name, end) = executor.scratch.bytes(taken).split_at_mut(path.len());
    name.copy_from_slice(path);
    end.fill(0);
    Ok(Argument::scratch(taken))
}

/// readlink(2), readlinkat(2).
pub(super) fn read_link(frame: &mut Frame<'_, '_>) -> Result<i64, Refusal> {
    let position = usize::from(i64::from(frame.call.number) == libc::SYS_readlinkat);
    let Some(owner) = executable_owner(frame, position)? else { return generic(frame) };
    if owner != frame.executor.proxy.process {
        // If it is one of the partition's, the LWK knows who has its program.
        frame.values = [View::EXECUTABLE.0.into(), owner.into(), 0, 0];
        return generic(frame);
    }
    let size = frame.low(position + 2).cast_signed();
    if size <= 0 {
        return Err(Refusal::Errno(libc::EINVAL));
    }
    let Some(buffer) = frame.request.buffer(position + 1, Role::WHOLE).copied() else {
        return Err(Refusal::Errno(libc::EFAULT));
    };
    let proxy = frame.executor.proxy;
    let path = proxy.executable().path(&proxy.files);
    let answer = &path[..path.len().min(size.unsigned_abs() as usize)];
    if buffer.accessible < answer.len() as u64 {
        return Err(Refusal::Errno(libc::EFAULT));
    }
    frame.executor.copy_out(frame.request, &buffer, answer)?;
    Ok(answer.len().try_into().unwrap_or(i64::MAX))
}

/// Whose executable the path of argument `position` names.
fn executable_owner(frame: &mut Frame<'_, '_>, position: usize) -> Result<Option<u32>, Refusal> {
    let Some(buffer) = frame.request.buffer(position, Role::STRING).copied() else { return Ok(None) };
    let mut text = [0; 40];
    let length = usize::try_from(buffer.length).unwrap_or(usize::MAX);
    if length > text.len() || buffer.accessible < buffer.length {
        return Ok(None);
    }
    frame.executor.copy_in(frame.request, &buffer, &mut text[..length])?;
    Ok(executable_named(&text[..length], frame.executor.proxy.process))
}

/// A path that Linux would take for the agent's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Special {
    /// The executable of this process.
    Executable(u32),
    /// One of its own descriptors.
    Descriptor(u64),
}

fn special(path: &[u8], process: u32) -> Option<Special> {
    let path = path.strip_prefix(b"/")?;
    if let Some(number) = path.strip_prefix(b"dev/fd/") {
        return decimal(number).map(Special::Descriptor);
    }
    let path = path.strip_prefix(b"proc/")?;
    let slash = path.iter().position(|byte| *byte == b'/')?;
    let (owner, rest) = (&path[..slash], &path[slash + 1..]);
    let is_own = owner == b"self" || owner == b"thread-self" || decimal(owner) == Some(process.into());
    if is_executable(rest) {
        let owner = if is_own { Some(process) } else { decimal(owner).and_then(|owner| owner.try_into().ok()) };
        return owner.map(Special::Executable);
    }
    if !is_own {
        return None;
    }
    let number = rest.strip_prefix(b"fd/").or_else(|| rest.strip_prefix(b"fdinfo/"))?;
    decimal(number).map(Special::Descriptor)
}

/// Whether a path below the folder of a process names its executable: those of its threads are the same.
fn is_executable(rest: &[u8]) -> bool {
    let thread = rest.strip_prefix(b"task/").and_then(|rest| rest.strip_suffix(b"/exe"));
    rest == b"exe" || thread.is_some_and(|thread| decimal(thread).is_some())
}

fn decimal(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Whether the call looks at what a symbolic link points to, rather than at the link.
fn follows(call: &Call, arguments: &[u64; 6]) -> bool {
    let has = |flag: i32, kind| {
        let flags = call.arguments.iter().zip(arguments).filter(|(argument, _)| **argument == Kind::Named(kind));
        flags.map(|(_, flags)| int(*flags)).any(|flags| flags & flag != 0)
    };
    let means_link = call.name.starts_with('l') || call.name.contains("link") || call.name.starts_with("rename");
    !means_link && !has(libc::AT_SYMLINK_NOFOLLOW, "at") && !has(libc::O_NOFOLLOW, "open")
}

#[cfg(test)]
mod tests {
    use virtio_ikc::table::lookup;

    use super::*;

    #[test]
    fn a_call_that_looks_at_the_link_itself_is_known() {
        let follows = |number, arguments: [u64; 6]| follows(lookup(number).unwrap(), &arguments);
        assert!(follows(2, [0; 6]) && follows(4, [0; 6]) && follows(257, [0; 6]) && follows(262, [0; 6]));
        assert!(!follows(6, [0; 6]) && !follows(89, [0; 6]) && !follows(87, [0; 6]));
        assert!(!follows(262, [0, 0, 0, 0x100, 0, 0]) && !follows(257, [0, 0, 0x20000, 0, 0, 0]));
    }

    #[test]
    fn programs_and_own_descriptors_are_special() {
        for path in [&b"/proc/self/exe"[..], b"/proc/7/exe", b"/proc/self/task/8/exe"] {
            assert_eq!(special(path, 7), Some(Special::Executable(7)));
        }
        assert_eq!(special(b"/proc/8/exe", 7), Some(Special::Executable(8)));
        assert_eq!(special(b"/proc/8/fd/12", 7), None);
        assert_eq!(special(b"/proc/self/fd/12", 7), Some(Special::Descriptor(12)));
        assert_eq!(special(b"/dev/fd/3", 7), Some(Special::Descriptor(3)));
        for path in [&b"/proc/self/exe/x"[..], b"proc/self/exe", b"/proc/self", b"/dev/fd/x", b"", b"/proc/self/maps"] {
            assert_eq!(special(path, 7), None);
        }
    }
}

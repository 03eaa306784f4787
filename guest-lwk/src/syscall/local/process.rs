//! clone(2), fork(2), vfork(2), execve(2): what they were asked for, checked as Linux checks it and in its order.

use alloc::vec;
use alloc::vec::Vec;

use linux_raw_sys::general as abi;
use virtio_ikc::layout::PROGRAM_END;

use crate::arch::context::Context;
use crate::errno::{Errno, SysResult};
use crate::memory::space::AddressSpace;
use crate::process::clone::{CloneRequest, clone};
use crate::process::replace::{self, Program};
use crate::process::thread::Thread;

const EXIT_SIGNAL: u64 = 0xff;
const NAMESPACES: u32 = abi::CLONE_NEWNS
    | abi::CLONE_NEWCGROUP
    | abi::CLONE_NEWUTS
    | abi::CLONE_NEWIPC
    | abi::CLONE_NEWUSER
    | abi::CLONE_NEWPID
    | abi::CLONE_NEWNET;
/// Bytes of the first version of struct clone_args, and of this one.
const FIRST_ARGUMENTS: u64 = 64;
const KNOWN_ARGUMENTS: usize = 88;
/// Longest argument of execve(2), its NUL included (MAX_ARG_STRLEN).
const LONGEST_ARGUMENT: u64 = 131_072;
const LONGEST_PATH: u64 = 4096;
/// Least and most bytes of all arguments (execve(2), "Limits on size of arguments and environment").
const LEAST_ARGUMENT_ROOM: u64 = 131_072;
const MOST_ARGUMENT_ROOM: u64 = 6 << 20;

/// fork(2).
pub fn fork(thread: &Thread, context: &Context) -> SysResult {
    clone(thread, context, &CloneRequest { exit_signal: abi::SIGCHLD.into(), ..CloneRequest::default() })
}

/// vfork(2).
pub fn vfork(thread: &Thread, context: &Context) -> SysResult {
    let flags = u64::from(abi::CLONE_VM | abi::CLONE_VFORK);
    clone(thread, context, &CloneRequest { flags, exit_signal: abi::SIGCHLD.into(), ..CloneRequest::default() })
}

/// clone(2).
pub fn clone_classic(thread: &Thread, context: &Context, arguments: [u64; 6]) -> SysResult {
    let [flags, stack, parent_tid, child_tid, tls, _] = arguments;
    let request = CloneRequest {
        flags: flags & 0xffff_ffff & !EXIT_SIGNAL,
        exit_signal: flags & EXIT_SIGNAL,
        stack,
        parent_tid,
        child_tid,
        tls,
        pidfd: parent_tid,
    };
    if request.has(abi::CLONE_PIDFD) && request.has(abi::CLONE_PARENT_SETTID) {
        return Err(Errno::EINVAL);
    }
    check(&request)?;
    clone(thread, context, &request)
}

/// clone3(2).
pub fn clone_extended(thread: &Thread, context: &Context, arguments: [u64; 6]) -> SysResult {
    let [address, size, ..] = arguments;
    if size > virtio_ikc::address::PAGE_SIZE {
        return Err(Errno::E2BIG);
    }
    if size < FIRST_ARGUMENTS {
        return Err(Errno::EINVAL);
    }
    let mut bytes = vec![0_u8; usize::try_from(size).map_err(|_| Errno::E2BIG)?.max(KNOWN_ARGUMENTS)];
    let given = usize::try_from(size).unwrap_or(0);
    thread.process().space.lock().copy_in(address, &mut bytes[..given])?;
    if bytes[KNOWN_ARGUMENTS..].iter().any(|byte| *byte != 0) {
        return Err(Errno::E2BIG);
    }
    let word = |index: usize| bytes[index * 8..index * 8 + 8].try_into().map_or(0, u64::from_le_bytes);
    let (stack, stack_size, tids, tid_count) = (word(5), word(6), word(8), word(9));
    let request = CloneRequest {
        flags: word(0),
        pidfd: word(1),
        child_tid: word(2),
        parent_tid: word(3),
        exit_signal: word(4),
        stack: stack.wrapping_add(stack_size),
        tls: word(7),
    };
    let clear_and_share = u64::from(abi::CLONE_SIGHAND) | 0x1_0000_0000;
    if request.flags & !0x3_ffff_ff00 != 0
        || request.has(abi::CLONE_DETACHED)
        || request.flags & clear_and_share == clear_and_share
        || request.exit_signal > 64
        || request.has(abi::CLONE_THREAD | abi::CLONE_PARENT) && request.exit_signal != 0
        || (stack == 0) != (stack_size == 0)
    {
        return Err(Errno::EINVAL);
    }
    if stack_size != 0 && (stack >= PROGRAM_END || stack_size > PROGRAM_END - stack) {
        return Err(Errno::EINVAL);
    }
    if tids != 0 || tid_count != 0 {
        // One for each namespace of pids: there is one.
        return Err(if tids == 0 || tid_count != 1 { Errno::EINVAL } else { Errno::EPERM });
    }
    if request.flags & 0x2_0000_0000 != 0 {
        // CLONE_INTO_CGROUP: the proxy's cgroup is the partition's.
        return Err(Errno::EOPNOTSUPP);
    }
    check(&request)?;
    clone(thread, context, &request)
}

/// The combinations that Linux refuses (clone(2), ERRORS), and those that a proxy cannot have.
fn check(request: &CloneRequest) -> Result<(), Errno> {
    let (thread, memory) = (request.has(abi::CLONE_THREAD), request.has(abi::CLONE_VM));
    if thread && !request.has(abi::CLONE_SIGHAND)
        || request.has(abi::CLONE_SIGHAND) && !memory
        || request.has(abi::CLONE_FS) && request.has(abi::CLONE_NEWNS | abi::CLONE_NEWUSER)
        || request.has(abi::CLONE_NEWIPC) && request.has(abi::CLONE_SYSVSEM)
        || request.has(abi::CLONE_PIDFD) && request.has(abi::CLONE_DETACHED)
        || thread && request.has(abi::CLONE_NEWUSER | abi::CLONE_NEWPID)
    {
        return Err(Errno::EINVAL);
    }
    if request.has(NAMESPACES) {
        return Err(Errno::EPERM);
    }
    if request.has(abi::CLONE_SETTLS) && request.tls >= PROGRAM_END {
        return Err(Errno::EPERM);
    }
    let shares = abi::CLONE_FILES | abi::CLONE_FS;
    let whole = if thread { request.flags & u64::from(shares) == u64::from(shares) } else { !request.has(shares) };
    if whole { Ok(()) } else { Err(Errno::EINVAL) }
}

/// execve(2).
pub fn execute(thread: &Thread, context: &mut Context, arguments: [u64; 6]) -> Option<SysResult> {
    let [path, argv, envp, ..] = arguments;
    run(thread, context, i64::from(abi::AT_FDCWD).cast_unsigned(), [path, argv, envp, 0])
}

/// execveat(2).
pub fn execute_at(thread: &Thread, context: &mut Context, arguments: [u64; 6]) -> Option<SysResult> {
    let [directory, path, argv, envp, flags, _] = arguments;
    run(thread, context, directory, [path, argv, envp, flags])
}

fn run(
    thread: &Thread,
    context: &mut Context,
    directory: u64,
    [path, argv, envp, flags]: [u64; 4],
) -> Option<SysResult> {
    let program = read_program(thread, directory, [path, argv, envp, flags]);
    let replace = |program| thread.spent.in_system(|| replace::replace(thread, &program));
    match program.and_then(replace) {
        Ok(registers) => {
            *context = registers;
            None
        }
        Err(error) => Some(Err(error)),
    }
}

fn read_program(thread: &Thread, directory: u64, [path, argv, envp, flags]: [u64; 4]) -> Result<Program, Errno> {
    let known = u64::from(abi::AT_EMPTY_PATH | abi::AT_SYMLINK_NOFOLLOW);
    if flags & !known != 0 {
        return Err(Errno::EINVAL);
    }
    let mut space = thread.process().space.lock();
    let path = space.read_string(path, LONGEST_PATH)?;
    if path.len() as u64 == LONGEST_PATH {
        return Err(Errno::ENAMETOOLONG);
    }
    let mut room = (space.limits.stack / 4).clamp(LEAST_ARGUMENT_ROOM, MOST_ARGUMENT_ROOM);
    let mut arguments = read_strings(&mut space, argv, &mut room)?;
    if arguments.is_empty() {
        arguments.push(Vec::new());
    }
    let environment = read_strings(&mut space, envp, &mut room)?;
    let script_name = script_name(directory, &path);
    Ok(Program { directory, path, flags, script_name, arguments, environment })
}

/// What a script's interpreter is given, and `AT_EXECFN` (execveat(2), NOTES).
fn script_name(directory: u64, path: &[u8]) -> Vec<u8> {
    let at_working_directory = directory & 0xffff_ffff == u64::from(abi::AT_FDCWD.cast_unsigned());
    if at_working_directory || path.first() == Some(&b'/') {
        return path.to_vec();
    }
    let mut name = alloc::format!("/dev/fd/{}", directory & 0xffff_ffff).into_bytes();
    if !path.is_empty() {
        name.push(b'/');
        name.extend_from_slice(path);
    }
    name
}

/// The strings that the null-terminated array at `address` points to; `room` is what they may take altogether.
fn read_strings(space: &mut AddressSpace, address: u64, room: &mut u64) -> Result<Vec<Vec<u8>>, Errno> {
    let mut strings = Vec::new();
    if address == 0 {
        return Ok(strings);
    }
    loop {
        let place = address.checked_add(strings.len() as u64 * 8).ok_or(Errno::EFAULT)?;
        let string: u64 = space.read(place)?;
        if string == 0 {
            return Ok(strings);
        }
        let text = space.read_string(string, LONGEST_ARGUMENT)?;
        let taken = text.len() as u64 + 1 + 8;
        if text.len() as u64 == LONGEST_ARGUMENT || taken > *room {
            return Err(Errno::E2BIG);
        }
        *room -= taken;
        strings.push(text);
    }
}

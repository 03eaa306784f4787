//! Which path a call names, if it may lie in /proc or /sys.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::sync::atomic::{AtomicU8, Ordering};

use rustix::fs::{CWD, StatFs};

use crate::own_descriptors::borrow;

/// `f_type` of proc(5) and of sysfs(5).
const SYSTEMS: [i64; 2] = [0x9fa0, 0x6265_6572];

/// Whether the working directory lies there: asking at every relative path would cost a tenth of opening a file.
static DIRECTORY: AtomicU8 = AtomicU8::new(UNKNOWN);
const UNKNOWN: u8 = 0;
const ELSEWHERE: u8 = 1;
const THERE: u8 = 2;

/// The working directory changes.
pub(crate) fn forget_directory() {
    DIRECTORY.store(UNKNOWN, Ordering::Relaxed);
}

/// `path` from the root, without `.`, `..` and repeated slashes, if it may lie in /proc or /sys. `directory` is the descriptor that a
/// relative path begins at, or none for the working directory.
pub(crate) fn absolute(directory: Option<u64>, path: &[u8]) -> Option<Vec<u8>> {
    if path.first() == Some(&b'/') {
        return begins_there(path).then(|| join(b"", path));
    }
    let directory = match directory.filter(|directory| crate::int::int(*directory) != libc::AT_FDCWD) {
        Some(number) => borrow(number)?,
        None if !is_directory_there(path) => return None,
        None => CWD,
    };
    let there = lies_there(directory);
    if !there && !begins_there(path) {
        return None;
    }
    let start = name_of(directory)?;
    (there || start == b"/").then(|| join(&start, path))
}

/// What an open file is called; that of the working directory for [`CWD`].
pub(crate) fn name_of(file: BorrowedFd<'_>) -> Option<Vec<u8>> {
    let link = match file.as_fd().as_raw_fd() {
        libc::AT_FDCWD => "/proc/self/cwd".to_owned(),
        number => format!("/proc/self/fd/{number}"),
    };
    rustix::fs::readlink(link, Vec::new()).ok().map(std::ffi::CString::into_bytes)
}

/// Whether an open file is one of /proc or /sys.
pub(crate) fn lies_there(file: BorrowedFd<'_>) -> bool {
    let is_there = |system: StatFs| SYSTEMS.contains(&system.f_type);
    match file.as_fd().as_raw_fd() {
        libc::AT_FDCWD => rustix::fs::statfs(".").is_ok_and(is_there),
        _ => rustix::fs::fstatfs(file).is_ok_and(is_there),
    }
}

/// Whether a path that is relative to the working directory may lie there.
fn is_directory_there(path: &[u8]) -> bool {
    if begins_there(path) {
        return true;
    }
    if DIRECTORY.load(Ordering::Relaxed) == UNKNOWN {
        let found = if lies_there(CWD) { THERE } else { ELSEWHERE };
        DIRECTORY.store(found, Ordering::Relaxed);
    }
    DIRECTORY.load(Ordering::Relaxed) == THERE
}

fn begins_there(path: &[u8]) -> bool {
    let first = path.split(|byte| *byte == b'/').find(|name| !name.is_empty() && *name != b".");
    matches!(first, Some(b"proc" | b"sys"))
}

fn join(start: &[u8], path: &[u8]) -> Vec<u8> {
    let mut names: Vec<&[u8]> = Vec::new();
    for name in start.split(|byte| *byte == b'/').chain(path.split(|byte| *byte == b'/')) {
        match name {
            b"" | b"." => {}
            b".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    names.into_iter().flat_map(|name| [b"/", name].concat()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_below_proc_and_sys_are_looked_at() {
        assert_eq!(absolute(None, b"//proc/./self//maps").unwrap(), b"/proc/self/maps");
        assert_eq!(absolute(None, b"/proc/self/../cpuinfo").unwrap(), b"/proc/cpuinfo");
        assert_eq!(absolute(None, b"/sys/devices/system/cpu/").unwrap(), b"/sys/devices/system/cpu");
        for path in [&b"/etc/passwd"[..], b"/process", b"/", b"", b"maps"] {
            assert_eq!(absolute(None, path), None);
        }
    }

    #[test]
    fn a_relative_path_is_looked_at_where_its_directory_is() {
        let root = std::fs::File::open("/").unwrap();
        let number = |file: &std::fs::File| Some(u64::try_from(file.as_raw_fd()).unwrap());
        assert_eq!(absolute(number(&root), b"sys/devices").unwrap(), b"/sys/devices");
        assert_eq!(absolute(number(&root), b"etc"), None);
        let own = std::fs::File::open("/proc/self").unwrap();
        let expected = format!("/proc/{}/maps", std::process::id());
        assert_eq!(absolute(number(&own), b"maps").unwrap(), expected.as_bytes());
    }
}

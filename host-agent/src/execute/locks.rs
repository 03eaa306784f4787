//! Record locks (fcntl(2)).
//!
//! Linux drops a process's locks on a file when the process closes any descriptor of it, but not when it unmaps it.
//! Closing a handle must therefore wait until the program holds no lock there.

use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{fstat, major, minor};

use crate::own_descriptors::OwnFile;

/// Whether the program has ever asked for a record lock; most never do.
static EVER: AtomicBool = AtomicBool::new(false);

const F_SETLK: u32 = 6;
const F_SETLKW: u32 = 7;

/// Remembers that the program uses record locks, if `command` of fcntl(2) sets one.
pub(super) fn note(command: u32) {
    if matches!(command, F_SETLK | F_SETLKW) {
        EVER.store(true, Ordering::Relaxed);
    }
}

/// Whether the program may hold a record lock on `file`. In doubt it does.
pub(super) fn held(file: &OwnFile) -> bool {
    if !EVER.load(Ordering::Relaxed) {
        return false;
    }
    let (Ok(status), Ok(locks)) = (fstat(file), std::fs::read_to_string("/proc/locks")) else { return true };
    let inode = format!("{:02x}:{:02x}:{}", major(status.st_dev), minor(status.st_dev), status.st_ino);
    let process = std::process::id().to_string();
    locks.lines().any(|line| is_lock_of(line, &process, &inode))
}

/// Whether a line of proc(5)'s `locks` is a record lock of `process` on `inode`.
fn is_lock_of(line: &str, process: &str, inode: &str) -> bool {
    let mut words = line.split_whitespace().filter(|word| *word != "->").skip(1);
    words.next() == Some("POSIX") && words.nth(2) == Some(process) && words.next() == Some(inode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_processes_own_record_locks_count() {
        let line = "1: POSIX  ADVISORY  WRITE 420 08:01:1234 0 EOF";
        assert!(is_lock_of(line, "420", "08:01:1234"));
        assert!(!is_lock_of(line, "421", "08:01:1234"));
        assert!(!is_lock_of(line, "420", "08:01:1235"));
        assert!(!is_lock_of("2: FLOCK  ADVISORY  WRITE 420 08:01:1234 0 EOF", "420", "08:01:1234"));
        assert!(!is_lock_of("", "420", "08:01:1234"));
    }
}

//! One lock file per CPU, so that two partitions never run on the same one.
//!
//! The lock is a flock(2) on an open file: it goes with the process, however that ends, and it is tested and taken in
//! one step. The file holds the owner's pid for messages only. Files are never removed: removing a lock file that
//! another process is about to lock is the classic way to give a lock to both.
//!
//! Partitions of different users must see each other, so the directory cannot be a user's own (`XDG_RUNTIME_DIR`). It
//! is /run/lwk-vmm where root has made it, and /tmp/lwk-vmm where nobody could; when both exist, a lock is taken in
//! both. Each process first makes its directory and then looks which exist, so of two that start at the same moment,
//! one as root and one not, at least one sees the directory of the other.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use rustix::process::Pid;

const DIRECTORIES: [&str; 2] = ["/run/lwk-vmm", "/tmp/lwk-vmm"];
const DIRECTORY_MODE: u32 = 0o1777;
const FILE_MODE: u32 = 0o666;
/// A lock that is being looked at or whose owner is just ending is tried again this often, a millisecond apart.
const ATTEMPTS: u32 = 20;

/// Why a lock cannot be taken. Its text is one line.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another partition has the CPU.
    #[error("CPU {cpu} belongs to another partition{}; choose other CPUs or end that one", owner(*pid))]
    Owned {
        /// The CPU.
        cpu: u32,
        /// The process that owns it, if it has said so.
        pid: Option<u32>,
    },
    /// The directory or file cannot be used.
    #[error("cannot use the lock {}: {source}; it must be a directory with mode 1777 and files with mode 666", path.display())]
    Unusable {
        /// The directory or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

fn owner(pid: Option<u32>) -> String {
    pid.map_or_else(String::new, |pid| format!(" (pid {pid})"))
}

/// The directories in which locks are taken.
#[derive(Debug)]
pub struct LockPlaces(Vec<(PathBuf, OwnedFd)>);

/// A lock that is held until it is dropped or the process ends.
#[derive(Debug)]
pub struct CpuLock(Vec<File>);

enum Attempt {
    Taken(File),
    Busy(Option<u32>),
}

impl LockPlaces {
    /// Makes and opens the directories of this machine.
    ///
    /// # Errors
    /// [`LockError::Unusable`] when no directory can be used.
    pub fn open() -> Result<Self, LockError> {
        Self::open_first(&DIRECTORIES.map(Path::new))
    }

    /// Uses this directory and no other.
    #[cfg(test)]
    pub(super) fn in_directory(directory: &Path) -> Result<Self, LockError> {
        Self::open_first(&[directory])
    }

    fn open_first(directories: &[&Path]) -> Result<Self, LockError> {
        let mut failure = None;
        for directory in directories {
            match make_directory(directory) {
                Ok(()) => return Self::open_existing(directories),
                Err(errno) => failure = Some(unusable(directory, errno)),
            }
        }
        Err(failure.unwrap_or_else(|| unusable(Path::new("/"), Errno::NOENT)))
    }

    /// Opens those that exist and that all users may use. Any other under such a name is not ours: nobody who takes
    /// locks takes them there.
    fn open_existing(directories: &[&Path]) -> Result<Self, LockError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut places = Vec::new();
        for directory in directories.iter().filter(|path| wait_until_shared(path).is_ok()) {
            let fd = rustix::fs::open(*directory, flags, Mode::empty());
            let fd = fd.map_err(|errno| unusable(directory, errno))?;
            places.push((directory.to_path_buf(), fd));
        }
        Ok(Self(places))
    }

    /// Takes the lock of `cpu`.
    ///
    /// # Errors
    /// [`LockError::Owned`] when another partition has it, else [`LockError::Unusable`].
    pub fn claim(&self, cpu: u32) -> Result<CpuLock, LockError> {
        let mut lock = CpuLock(Vec::new());
        for (directory, fd) in &self.0 {
            match attempt(directory, fd, cpu, FlockOperation::NonBlockingLockExclusive)? {
                Attempt::Taken(file) => lock.0.push(file),
                Attempt::Busy(pid) => return Err(LockError::Owned { cpu, pid }),
            }
        }
        lock.name_owner();
        Ok(lock)
    }

    /// Says which partition has `cpu` at this moment, as the error that claiming it would give.
    #[must_use]
    pub fn owner(&self, cpu: u32) -> Option<LockError> {
        self.0.iter().find_map(|(directory, fd)| {
            match attempt(directory, fd, cpu, FlockOperation::NonBlockingLockShared) {
                Ok(Attempt::Busy(pid)) => Some(LockError::Owned { cpu, pid }),
                _ => None,
            }
        })
    }
}

impl CpuLock {
    fn name_owner(&self) {
        for mut file in &self.0 {
            // The pid is for messages; a full disk must not keep a partition from starting.
            let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        }
    }
}

impl Drop for CpuLock {
    fn drop(&mut self) {
        for file in &self.0 {
            // An empty file tells whoever comes next that nobody is meant; a stale pid is recognised all the same.
            let _ = file.set_len(0);
        }
    }
}

fn attempt(directory: &Path, fd: &OwnedFd, cpu: u32, operation: FlockOperation) -> Result<Attempt, LockError> {
    let name = format!("cpu{cpu}.lock");
    let mut pid = None;
    for _ in 0..ATTEMPTS {
        match open_file(fd, &name) {
            Ok(file) => match rustix::fs::flock(&file, operation) {
                Ok(()) => return Ok(Attempt::Taken(file)),
                Err(Errno::WOULDBLOCK) => pid = read_owner(&file),
                Err(errno) => return Err(unusable(&directory.join(&name), errno)),
            },
            // Another user has made the file and not yet opened it to all.
            Err(Errno::ACCESS) => {}
            Err(errno) => return Err(unusable(&directory.join(&name), errno)),
        }
        if pid.is_some() {
            return Ok(Attempt::Busy(pid));
        }
        sleep(Duration::from_millis(1));
    }
    Ok(Attempt::Busy(None))
}

/// Opens the file, and makes it if nobody has. Never with `O_CREAT` alone: in a sticky directory Linux refuses that for
/// files of others (`proc_sys_fs(5)`, `protected_regular`).
fn open_file(directory: &OwnedFd, name: &str) -> Result<File, Errno> {
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mode = Mode::from_raw_mode(FILE_MODE);
    match rustix::fs::openat(directory, name, flags, Mode::empty()) {
        Err(Errno::NOENT) => {}
        other => return other.map(File::from),
    }
    match rustix::fs::openat(directory, name, flags | OFlags::CREATE | OFlags::EXCL, mode) {
        Err(Errno::EXIST) => rustix::fs::openat(directory, name, flags, Mode::empty()).map(File::from),
        Err(errno) => Err(errno),
        Ok(fd) => {
            rustix::fs::fchmod(&fd, mode)?;
            Ok(File::from(fd))
        }
    }
}

/// The pid in the file, if such a process lives.
fn read_owner(mut file: &File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    let pid = text.trim().parse().ok()?;
    let alive = rustix::process::test_kill_process(Pid::from_raw(pid)?);
    (alive != Err(Errno::SRCH)).then(|| pid.unsigned_abs())
}

fn make_directory(path: &Path) -> Result<(), Errno> {
    let mode = Mode::from_raw_mode(DIRECTORY_MODE);
    match rustix::fs::mkdir(path, mode) {
        Ok(()) => rustix::fs::chmod(path, mode),
        Err(Errno::EXIST) => wait_until_shared(path),
        Err(errno) => Err(errno),
    }
}

/// Whether all users may use the directory; its maker may be about to say so.
fn wait_until_shared(path: &Path) -> Result<(), Errno> {
    for _ in 0..ATTEMPTS {
        let status = rustix::fs::lstat(path)?;
        if status.st_mode == libc::S_IFDIR | DIRECTORY_MODE {
            return Ok(());
        }
        sleep(Duration::from_millis(1));
    }
    Err(Errno::PERM)
}

fn unusable(path: &Path, errno: Errno) -> LockError {
    LockError::Unusable { path: path.to_owned(), source: errno.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn places(root: &tempfile::TempDir) -> LockPlaces {
        LockPlaces::in_directory(&root.path().join("locks")).expect("usable")
    }

    #[test]
    fn a_lock_is_refused_to_others_who_learn_the_owners_pid() {
        let root = tempfile::tempdir().expect("a temporary directory");
        let lock = places(&root).claim(3).expect("free");
        let message = places(&root).claim(3).expect_err("owned").to_string();
        assert!(message.contains(&format!("(pid {})", std::process::id())), "{message}");
        assert!(places(&root).owner(3).is_some() && places(&root).owner(4).is_none());
        drop(lock);
        places(&root).claim(3).expect("free again");
    }

    #[test]
    fn a_stale_pid_does_not_hold_a_lock() {
        let root = tempfile::tempdir().expect("a temporary directory");
        let places = places(&root);
        std::fs::write(root.path().join("locks/cpu1.lock"), "1\n").expect("written");
        assert!(places.owner(1).is_none());
        places.claim(1).expect("free");
    }

    #[test]
    fn all_users_may_use_directory_and_files() {
        let root = tempfile::tempdir().expect("a temporary directory");
        let _lock = places(&root).claim(0).expect("free");
        let mode = |path: &str| {
            let metadata = std::fs::metadata(root.path().join(path)).expect("there");
            metadata.permissions().mode() & 0o7777
        };
        assert_eq!((mode("locks"), mode("locks/cpu0.lock")), (0o1777, 0o666));
    }

    #[test]
    fn locks_are_taken_in_every_directory_that_exists() {
        let root = tempfile::tempdir().expect("a temporary directory");
        let (first, second) = (root.path().join("first"), root.path().join("second"));
        let _theirs = LockPlaces::open_first(&[&second]).expect("usable").claim(2).expect("free");
        let ours = LockPlaces::open_first(&[&first, &second]).expect("usable");
        assert!(matches!(ours.claim(2), Err(LockError::Owned { cpu: 2, .. })));
    }

    #[test]
    fn a_directory_that_is_a_link_or_not_shared_is_refused() {
        let root = tempfile::tempdir().expect("a temporary directory");
        let (real, link) = (root.path().join("real"), root.path().join("link"));
        std::fs::create_dir(&real).expect("made");
        std::os::unix::fs::symlink(&real, &link).expect("linked");
        for path in [&real, &link] {
            let refused = LockPlaces::open_first(&[path]);
            assert!(matches!(refused, Err(LockError::Unusable { .. })));
        }
    }

    #[test]
    fn only_one_of_many_gets_the_lock() {
        let root = tempfile::tempdir().expect("a temporary directory");
        let winners = std::thread::scope(|scope| {
            let claims: Vec<_> = (0..8).map(|_| scope.spawn(|| places(&root).claim(7).ok())).collect();
            claims.into_iter().filter_map(|claim| claim.join().expect("no panic")).collect::<Vec<_>>().len()
        });
        assert_eq!(winners, 1);
    }
}

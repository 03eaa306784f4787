//! The kernel's pools of huge pages (Documentation/admin-guide/mm/hugetlbpage.rst) and how to make room in them.
//!
//! A fixed pool (`nr_hugepages`) stays taken when a process is killed; *surplus* pages, which the kernel makes when a
//! reservation does not fit and `nr_overcommit_hugepages` allows it, go back by themselves with their last user. So
//! room is made by raising that setting for the moment of the reservation. The setting is the only thing here that
//! outlives us; it is restored at once, with signals held back meanwhile, and under a lock, because two that read,
//! raise and restore it at the same time would leave it raised.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use rustix::fs::FlockOperation;
use rustix::io::Errno;
use virtio_ikc::address::{HUGE_PAGE_SIZE, LARGE_PAGE_SIZE};

use crate::arch::signals::HeldSignals;

/// How long the setting may be locked by others.
const PATIENCE_MS: u32 = 5000;

/// A size of hugetlb pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HugeSize {
    /// 2 MiB.
    Large,
    /// 1 GiB.
    Huge,
}

impl HugeSize {
    /// Bytes of a page.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        match self {
            Self::Large => LARGE_PAGE_SIZE,
            Self::Huge => HUGE_PAGE_SIZE,
        }
    }

    /// As `--hugepages` spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Large => "2M",
            Self::Huge => "1G",
        }
    }

    fn directory_name(self) -> String {
        format!("hugepages-{}kB", self.bytes() >> 10)
    }
}

/// A pool of huge pages: that of the machine, or the part of a node.
#[derive(Clone, Debug)]
pub struct HugePool {
    size: HugeSize,
    directory: PathBuf,
}

impl HugePool {
    /// The machine's pool of pages of this size.
    #[must_use]
    pub fn machine(size: HugeSize) -> Self {
        Self { size, directory: Path::new("/sys/kernel/mm/hugepages").join(size.directory_name()) }
    }

    /// The node's part of it.
    #[must_use]
    pub fn node(node: u32, size: HugeSize) -> Self {
        let node = format!("/sys/devices/system/node/node{node}/hugepages");
        Self { size, directory: Path::new(&node).join(size.directory_name()) }
    }

    /// Whether this machine has pages of this size at all.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.directory.is_dir()
    }

    /// Pages in the pool that nobody uses, reserved ones included.
    #[must_use]
    pub fn free(&self) -> u64 {
        self.value("free_hugepages")
    }

    /// Pages in the pool, in use or not.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.value("nr_hugepages")
    }

    /// Pages that a reservation could have now without room being made.
    #[must_use]
    pub fn available(&self) -> u64 {
        self.free().saturating_sub(self.value("resv_hugepages"))
    }

    /// Pages beyond the fixed pool that are in use.
    #[must_use]
    pub fn surplus(&self) -> u64 {
        self.value("surplus_hugepages")
    }

    /// How many surplus pages are allowed at once.
    #[must_use]
    pub fn overcommit(&self) -> u64 {
        self.value("nr_overcommit_hugepages")
    }

    /// Whether we may change how many surplus pages are allowed.
    #[must_use]
    pub fn may_make_room(&self) -> bool {
        rustix::fs::access(self.setting(), rustix::fs::Access::WRITE_OK).is_ok()
    }

    /// The command that makes room for `pages` more for everybody.
    #[must_use]
    pub fn advice(&self, pages: u64) -> String {
        match self.size {
            HugeSize::Large => format!("sysctl vm.nr_overcommit_hugepages={}", self.surplus() + pages),
            HugeSize::Huge => format!("echo {} > {}/nr_hugepages", self.total() + pages, self.directory.display()),
        }
    }

    /// Calls `reserve` while `pages` more than now are allowed, and then restores the setting.
    ///
    /// # Errors
    /// What `reserve` gives, or that the setting cannot be read or written.
    pub fn with_room<T>(&self, pages: u64, reserve: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let path = self.setting();
        let _lock = exclusive(&path)?;
        let _signals = HeldSignals::hold();
        let before = self.overcommit();
        let wanted = self.surplus().saturating_add(pages).max(before);
        fs::write(&path, wanted.to_string())?;
        let _restore = Restore { path: &path, value: before };
        reserve()
    }

    fn setting(&self) -> PathBuf {
        self.directory.join("nr_overcommit_hugepages")
    }

    fn value(&self, name: &str) -> u64 {
        let text = fs::read_to_string(self.directory.join(name)).unwrap_or_default();
        text.trim().parse().unwrap_or_default()
    }
}

/// Locks the setting against others that make room. Whoever may read it can lock it, so the patience is limited.
fn exclusive(setting: &Path) -> io::Result<File> {
    let file = File::open(setting)?;
    for _ in 0..PATIENCE_MS {
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => sleep(Duration::from_millis(1)),
            other => return other.map(|()| file).map_err(io::Error::from),
        }
    }
    Err(io::Error::other("another process keeps the setting of huge pages locked"))
}

/// Puts a setting back, also when a panic passes by.
struct Restore<'a> {
    path: &'a Path,
    value: u64,
}

impl Drop for Restore<'_> {
    fn drop(&mut self) {
        if let Err(error) = fs::write(self.path, self.value.to_string()) {
            crate::message::say(format!(
                "cannot restore {}: {error}; restore it with: echo {} > {}",
                self.path.display(),
                self.value,
                self.path.display()
            ));
        }
    }
}

//! Which CPUs the partitions of a test get, and that no two tests use them at once.

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::thread::{CpuSet, sched_getaffinity};

/// How many CPUs the partition of a run has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// The last CPU that we may use; the others are Linux's.
    OneCpu,
    /// The last two CPUs that we may use, even if they are all.
    TwoCpus,
    /// Four vCPUs on those two.
    Oversubscribed,
}

impl Placement {
    /// As it appears in a test's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OneCpu => "1 CPU",
            Self::TwoCpus => "2 CPUs",
            Self::Oversubscribed => "4 on 2 CPUs",
        }
    }

    /// The number for `--vcpus-per-cpu`.
    #[must_use]
    pub const fn on_each(self) -> u8 {
        match self {
            Self::OneCpu | Self::TwoCpus => 1,
            Self::Oversubscribed => 2,
        }
    }

    /// The list for `--cpus`, or `None` if there are too few CPUs.
    #[must_use]
    pub fn list(self) -> Option<String> {
        let mut usable = usable().into_iter().rev();
        let last = usable.next()?;
        match self {
            Self::OneCpu => Some(last.to_string()),
            Self::TwoCpus | Self::Oversubscribed => usable.next().map(|other| format!("{other},{last}")),
        }
    }
}

fn usable() -> Vec<usize> {
    let set = sched_getaffinity(None).unwrap_or_default();
    (0..CpuSet::MAX_CPU).filter(|cpu| set.is_set(*cpu)).collect()
}

/// The right to boot a partition. A CPU belongs to one partition at a time, and tests run in many threads and
/// (under nextest) many processes, so the right is a lock on a file that all of them know: the workspace's
/// manifest. It ends when the value is dropped or the process dies.
#[derive(Debug)]
pub struct Turn {
    _lock: File,
}

impl Turn {
    /// Waits until no other test of this workspace runs a partition.
    ///
    /// # Errors
    /// What open(2) and flock(2) answer.
    pub fn wait() -> io::Result<Self> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
        let file = File::open(manifest)?;
        file.lock()?;
        Ok(Self { _lock: file })
    }
}

//! Which CPUs the native side runs on.
//!
//! A partition is pinned by lwk-vmm. A native program inherits the CPUs of the thread that starts it, so that thread
//! is pinned while the program runs; it waits then and takes no time from it.

use std::io;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// CPUs that we may use, in ascending order.
///
/// # Errors
/// What sched_getaffinity(2) answers.
pub(crate) fn usable() -> io::Result<Vec<usize>> {
    let set = sched_getaffinity(None)?;
    Ok((0..CpuSet::MAX_CPU).filter(|cpu| set.is_set(*cpu)).collect())
}

/// This thread is pinned until the value is dropped.
pub(crate) struct Pinned {
    before: CpuSet,
}

impl Pinned {
    /// Pins this thread to these CPUs.
    ///
    /// # Errors
    /// What sched_setaffinity(2) answers.
    pub(crate) fn to(cpus: &[usize]) -> io::Result<Self> {
        let before = sched_getaffinity(None)?;
        let mut only = CpuSet::new();
        for cpu in cpus {
            only.set(*cpu);
        }
        sched_setaffinity(None, &only)?;
        Ok(Self { before })
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // The CPUs were ours a moment ago. Should they be gone, the next pinning says so.
        let _ = sched_setaffinity(None, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_pinned_only_while_the_guard_lives() {
        let before = usable().unwrap();
        let last = *before.last().unwrap();
        let pinned = Pinned::to(&[last]).unwrap();
        assert_eq!(usable().unwrap(), [last]);
        drop(pinned);
        assert_eq!(usable().unwrap(), before);
    }
}

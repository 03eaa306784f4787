//! How crowded the machine was.
//!
//! A figure that was measured while others wanted the same CPUs is the figure of a crowded machine. Nothing can repair
//! it afterwards, so the results say how much of the time somebody had to wait: Linux counts it as pressure
//! (Documentation/accounting/psi.rst).

use std::fs;
use std::time::Instant;

/// A span of time from its beginning on.
pub(crate) struct Pressure {
    began: Instant,
    waited_us: u64,
}

impl Pressure {
    /// Begins now; `None` if this kernel does not count.
    pub(crate) fn begin() -> Option<Self> {
        Some(Self { began: Instant::now(), waited_us: waited()? })
    }

    /// Per cent of the time until now in which some task waited for a CPU.
    pub(crate) fn per_cent(&self) -> Option<u64> {
        let waited = u128::from(waited()?.saturating_sub(self.waited_us));
        let passed = self.began.elapsed().as_micros().max(1);
        u64::try_from((waited * 100 / passed).min(100)).ok()
    }
}

fn waited() -> Option<u64> {
    total(&fs::read_to_string("/proc/pressure/cpu").ok()?)
}

/// Microseconds in which some task waited, since boot.
fn total(text: &str) -> Option<u64> {
    let some = text.lines().find(|line| line.starts_with("some "))?;
    some.split_once("total=")?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_of_some_counts() {
        let text = "some avg10=59.28 avg60=60.31 avg300=46.22 total=1801384671\nfull avg10=0.00 total=5\n";
        assert_eq!(total(text), Some(1_801_384_671));
        assert_eq!(total(""), None);
    }
}

//! `lwk-vmm doctor`: what this machine can do, and what would make it better.
//!
//! Each module looks at one thing and gives rows; a row is worth showing only if it ends with what to do. What decides
//! whether a partition can run is tried, not concluded: the device is opened, a guest is run and timed.

mod cgroup;
mod cpus;
mod interrupts;
mod kvm;
mod memory;
mod render;
mod row;
mod speed;
mod users;

use std::io::{self, Write};

pub use row::{Measured, Row, Verdict};
use serde::Serialize;

/// The whole examination.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Whether a partition can run.
    pub can_run: bool,
    /// What was examined.
    pub rows: Vec<Row>,
}

impl Report {
    fn new(rows: Vec<Row>) -> Self {
        let can_run = rows.iter().all(|row| row.verdict != Verdict::Fail);
        Self { can_run, rows }
    }
}

/// Examines this machine; about half a second.
#[must_use]
pub fn examine() -> Report {
    let parts = [kvm::rows(), speed::rows(), cpus::rows(), interrupts::rows(), memory::rows(), cgroup::rows()];
    Report::new(parts.into_iter().flatten().collect())
}

/// Examines this machine and shows the result on stdout, as JSON or as a table. The exit status is 0 when a partition
/// can run and 1 when not.
#[must_use]
pub fn run(json: bool) -> u8 {
    let report = examine();
    let text = if json { render::json(&report) } else { render::table(&report) };
    // A reader that has gone away has seen what it wanted; the status still says the rest.
    let _ = writeln!(io::stdout().lock(), "{text}");
    u8::from(!report.can_run)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failure_means_that_no_partition_can_run() {
        let warning = Row::warn("a", "b", "c");
        assert!(Report::new(vec![Row::ok("a", "b"), warning.clone()]).can_run);
        assert!(!Report::new(vec![warning, Row::fail("a", "b", "c")]).can_run);
    }

    #[test]
    fn on_this_machine_kvm_is_usable_and_every_row_says_what_to_do() {
        let report = examine();
        let kvm = report.rows.iter().filter(|row| row.name.contains("KVM") || row.name == "/dev/kvm");
        assert!(kvm.clone().count() >= 4, "{report:?}");
        assert!(kvm.clone().all(|row| row.verdict != Verdict::Fail), "{report:?}");
        assert!(report.rows.iter().all(|row| !row.advice.is_empty() && !row.value.is_empty()), "{report:?}");
    }
}

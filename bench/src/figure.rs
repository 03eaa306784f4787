//! What one run of one side gives.

use anyhow::{Context, Result};
use bench::line::Report;
use bench::statistics::Summary;

/// The figures of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figure {
    /// Nanoseconds per operation, or bytes: the median of the run's batches.
    pub(crate) median: f64,
    /// The same in the fastest batch. A disturbance only ever adds time, so this one is nearest to what the machine
    /// does when it is left alone.
    pub(crate) best: f64,
    /// What the operations found; the same on both sides.
    pub(crate) checksum: u64,
}

impl Figure {
    /// Of a report by `bench-guest`.
    pub(crate) fn of_report(report: Report) -> Result<Self> {
        let batches = Summary::new(report.samples).context("a report without a batch")?;
        Ok(Self { median: batches.median, best: batches.min, checksum: report.checksum })
    }

    /// Of figures from outside.
    pub(crate) fn of_outside(figures: Vec<f64>) -> Result<Self> {
        let figures = Summary::new(figures).context("nothing was measured")?;
        Ok(Self { median: figures.median, best: figures.min, checksum: 0 })
    }
}

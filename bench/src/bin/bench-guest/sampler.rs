//! Repeats an operation in batches and times each batch.
//!
//! A batch is long against the clock's own cost and short against the disturbances that the median over the batches
//! is to hide. How many operations make a batch is found out by trying, because the same operation may take ten times
//! as long on another kernel; it is also the warm-up.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bench::line::{Line, Report};
use bench::statistics::median;

/// Results of this many first calls go into the checksum, so that it is the same wherever the program runs.
const CHECKED_CALLS: u64 = 3;

/// Batches for a median that deserves the name, however long they take.
const LEAST_BATCHES: usize = 9;
/// After this time there are no more than those.
const ENOUGH: Duration = Duration::from_millis(500);

/// How long and how often to measure.
pub(crate) struct Sampler {
    name: &'static str,
    batch: Duration,
    batches: usize,
}

impl Sampler {
    /// For the benchmark of this name; `quick` takes a sixth of the batches.
    pub(crate) fn new(name: &'static str, quick: bool) -> Self {
        let (milliseconds, batches) = if quick { (5, 10) } else { (5, 60) };
        Self { name, batch: Duration::from_millis(milliseconds), batches }
    }

    /// Measures `call`, each call of which performs `operations` operations (at least 1).
    pub(crate) fn measure(self, operations: u64, mut call: impl FnMut() -> Result<u64>) -> Result<Report> {
        let mut checksum = 0_u64;
        for _ in 0..CHECKED_CALLS {
            checksum = checksum.wrapping_mul(31).wrapping_add(call()?);
        }
        let calls = self.calls_per_batch(&mut call)?;
        self.batches(calls * operations, checksum, || time(calls, &mut call))
    }

    /// Measures `call`, which uses up what `prepare` makes; only `call` is timed, and each is a batch.
    pub(crate) fn measure_prepared<T>(
        self,
        operations: u64,
        mut prepare: impl FnMut() -> Result<T>,
        mut call: impl FnMut(&T) -> Result<u64>,
    ) -> Result<Report> {
        let mut checksum = 0_u64;
        for _ in 0..CHECKED_CALLS {
            checksum = checksum.wrapping_mul(31).wrapping_add(call(&prepare()?)?);
        }
        self.batches(operations, checksum, || {
            let prepared = prepare()?;
            time(1, &mut || call(&prepared))
        })
    }

    /// Times `call` once: it is long enough to be a batch, and too long to be repeated.
    pub(crate) fn measure_once(self, call: impl FnOnce() -> Result<u64>) -> Result<Report> {
        super::print(&Line::Started)?;
        let began = Instant::now();
        let checksum = call()?;
        self.report(vec![nanoseconds(began.elapsed())], 1, began.elapsed(), checksum)
    }

    /// Takes batches of `operations` operations, until there are enough.
    fn batches(self, operations: u64, checksum: u64, mut batch: impl FnMut() -> Result<Duration>) -> Result<Report> {
        super::print(&Line::Started)?;
        let mut samples = Vec::with_capacity(self.batches);
        let mut elapsed = Duration::ZERO;
        while samples.len() < LEAST_BATCHES || samples.len() < self.batches && elapsed < ENOUGH {
            let took = batch()?;
            elapsed += took;
            samples.push(nanoseconds(took) / as_float(operations));
        }
        let operations = operations * samples.len() as u64;
        self.report(samples, operations, elapsed, checksum)
    }

    fn report(self, samples: Vec<f64>, operations: u64, elapsed: Duration, checksum: u64) -> Result<Report> {
        Ok(Report {
            benchmark: self.name.to_owned(),
            ns_per_operation: median(&samples).context("no batch was measured")?,
            operations,
            samples,
            elapsed_ns: u64::try_from(elapsed.as_nanos())?,
            checksum,
        })
    }

    /// Doubles the number of calls until they fill a batch.
    fn calls_per_batch(&self, call: &mut impl FnMut() -> Result<u64>) -> Result<u64> {
        let mut calls = 1;
        while time(calls, call)? < self.batch {
            calls *= 2;
        }
        Ok(calls)
    }
}

fn time(calls: u64, call: &mut impl FnMut() -> Result<u64>) -> Result<Duration> {
    let began = Instant::now();
    for _ in 0..calls {
        black_box(call()?);
    }
    Ok(began.elapsed())
}

fn nanoseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e9
}

#[expect(clippy::cast_precision_loss, reason = "a count of operations is far below 2^52")]
fn as_float(count: u64) -> f64 {
    count as f64
}

//! What became of a benchmark: figures, or why there are none.

use std::fmt;

use anyhow::Result;
use bench::catalogue::Benchmark;
use serde::Serialize;

use crate::comparison::Comparison;
use crate::side::Sides;
use crate::whole::Preparation;

/// One of the two.
pub(crate) enum Outcome {
    /// Figures.
    Measured(Box<Comparison>),
    /// None.
    NotMeasured(NotMeasured),
}

/// A benchmark without figures.
#[derive(Debug, Serialize)]
pub(crate) struct NotMeasured {
    /// The benchmark's name.
    pub(crate) name: &'static str,
    /// What one operation is.
    pub(crate) title: &'static str,
    /// Why.
    pub(crate) why: String,
    /// Whether something went wrong; otherwise this machine lacks something.
    pub(crate) failed: bool,
}

impl Outcome {
    /// Measures the benchmark, if this machine has what it needs.
    pub(crate) fn of(benchmark: &'static Benchmark, sides: &Sides, rounds: u32) -> Self {
        let not_measured =
            |why, failed| Self::NotMeasured(NotMeasured { name: benchmark.name, title: benchmark.title, why, failed });
        match Self::try_of(benchmark, sides, rounds) {
            Ok(Ok(comparison)) => Self::Measured(Box::new(comparison)),
            Ok(Err(missing)) => not_measured(missing, false),
            Err(error) => not_measured(format!("{error:#}"), true),
        }
    }

    fn try_of(benchmark: &'static Benchmark, sides: &Sides, rounds: u32) -> Result<Result<Comparison, String>> {
        match sides.prepare(benchmark)? {
            Preparation::Missing(what) => Ok(Err(what)),
            Preparation::Ready(words) => Comparison::measure(benchmark, sides, &words, rounds).map(Ok),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Measured(comparison) => comparison.fmt(to),
            Self::NotMeasured(benchmark) => benchmark.fmt(to),
        }
    }
}

impl fmt::Display for NotMeasured {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}{}", if self.failed { "FAILED: " } else { "not measured: " }, self.why)
    }
}

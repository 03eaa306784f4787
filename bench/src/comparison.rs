//! One benchmark on both sides, round by round.

use std::fmt;

use anyhow::{Context, Result, ensure};
use bench::catalogue::{Benchmark, Goal};
use bench::statistics::{Summary, speed};
use serde::Serialize;

use crate::figure::Figure;
use crate::side::{Side, Sides};
use crate::unit::{Nanoseconds, Times};

/// What was found.
#[derive(Debug, Serialize)]
pub(crate) struct Comparison {
    /// The benchmark's name.
    pub(crate) name: &'static str,
    /// What one operation is.
    pub(crate) title: &'static str,
    /// Nanoseconds per operation on Linux.
    pub(crate) native_ns: Summary,
    /// Nanoseconds per operation on the LWK.
    pub(crate) lwk_ns: Summary,
    /// How many times as fast the LWK is.
    pub(crate) speed: Summary,
    /// The same of the fastest batches of both sides.
    pub(crate) speed_at_best: f64,
    /// What is promised, if anything is.
    pub(crate) goal: Option<GoalMet>,
}

/// A goal and whether it is met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct GoalMet {
    /// The goal in words.
    pub(crate) goal: String,
    /// Whether the median meets it.
    pub(crate) met: bool,
}

impl Comparison {
    /// Measures both sides in turn. Which goes first changes from round to round, so that neither always inherits
    /// what the other leaves: warm memory, a busy disk, a throttled CPU.
    pub(crate) fn measure(benchmark: &Benchmark, sides: &Sides, rounds: u32) -> Result<Self> {
        let mut native = Vec::new();
        let mut lwk = Vec::new();
        for round in 0..rounds {
            let order = if round % 2 == 0 { [Side::Native, Side::Lwk] } else { [Side::Lwk, Side::Native] };
            for side in order {
                let figure = sides.measure(side, benchmark)?;
                match side {
                    Side::Native => native.push(figure),
                    Side::Lwk => lwk.push(figure),
                }
            }
        }
        ensure!(
            native.iter().chain(&lwk).all(|figure| figure.checksum == native[0].checksum),
            "{}: the same program found different things on the two sides",
            benchmark.name
        );
        Self::new(benchmark, &native, &lwk).with_context(|| format!("{}: no round was measured", benchmark.name))
    }

    /// Of each side's figures, round by round; `None` if there is no round.
    pub(crate) fn new(benchmark: &Benchmark, native: &[Figure], lwk: &[Figure]) -> Option<Self> {
        let native_ns = Summary::new(native.iter().map(|figure| figure.median).collect())?;
        let lwk_ns = Summary::new(lwk.iter().map(|figure| figure.median).collect())?;
        let speed = speed(&native_ns.rounds, &lwk_ns.rounds)?;
        Some(Self {
            name: benchmark.name,
            title: benchmark.title,
            goal: benchmark.goal.map(|goal| GoalMet::judge(goal, &lwk_ns, &speed)),
            native_ns,
            lwk_ns,
            speed,
            speed_at_best: best(native) / best(lwk),
        })
    }
}

/// Nanoseconds per operation in the fastest batch of all rounds.
fn best(figures: &[Figure]) -> f64 {
    figures.iter().map(|figure| figure.best).fold(f64::INFINITY, f64::min)
}

impl GoalMet {
    fn judge(goal: Goal, lwk_ns: &Summary, speed: &Summary) -> Self {
        match goal {
            Goal::Below(limit) => Self { goal: format!("below {}", Nanoseconds(limit)), met: lwk_ns.median < limit },
            Goal::Speed(least) => Self { goal: format!("{least} x or more"), met: speed.median >= least },
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (native, lwk) = (Nanoseconds(self.native_ns.median), Nanoseconds(self.lwk_ns.median));
        write!(to, "native {native}, LWK {lwk}, speed {} x", Times(self.speed.median))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bench::catalogue;

    fn compare(name: &str, native: f64, lwk: f64) -> Comparison {
        let figure = |median| Figure { median, best: median, checksum: 0 };
        Comparison::new(catalogue::find(name).unwrap(), &[figure(native)], &[figure(lwk)]).unwrap()
    }

    #[test]
    fn a_goal_of_speed_is_met_by_the_ratio() {
        assert!(compare("random-reads", 250.0, 200.0).goal.unwrap().met);
        assert!(!compare("random-reads", 249.0, 200.0).goal.unwrap().met);
    }

    #[test]
    fn a_goal_of_time_is_met_whatever_native_takes() {
        let goal = compare("start-true", 1e6, 59e6).goal.unwrap();
        assert_eq!(goal, GoalMet { goal: "below 60.0 ms".into(), met: true });
        assert!(!compare("start-true", 1e6, 61e6).goal.unwrap().met);
    }

    #[test]
    fn what_promises_nothing_is_not_judged() {
        assert_eq!(compare("stat", 1000.0, 9000.0).goal, None);
    }

    #[test]
    fn at_best_the_fastest_batches_of_any_rounds_are_compared() {
        let figure = |best| Figure { median: 1000.0, best, checksum: 0 };
        let native = [figure(100.0), figure(900.0)];
        let lwk = [figure(800.0), figure(50.0)];
        let comparison = Comparison::new(catalogue::find("stat").unwrap(), &native, &lwk).unwrap();
        assert!((comparison.speed_at_best - 2.0).abs() < 1e-9);
    }
}

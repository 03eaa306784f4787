//! One benchmark on both sides, round by round.

use std::ffi::OsString;
use std::fmt;

use anyhow::{Context, Result, ensure};
use bench::catalogue::{self, Benchmark, Reference};
use bench::statistics::{Summary, ratio};
use serde::Serialize;

use crate::figure::Figure;
use crate::goal::GoalMet;
use crate::side::{Side, Sides};
use crate::unit::{Times, Unit};

/// What was found.
#[derive(Debug, Serialize)]
pub(crate) struct Comparison {
    /// The benchmark's name.
    pub(crate) name: &'static str,
    /// What one operation is.
    pub(crate) title: &'static str,
    /// Of the figures.
    pub(crate) unit: Unit,
    /// What the LWK is compared with: `native`, or a benchmark's name if it is that one on the LWK.
    pub(crate) compared_with: Option<&'static str>,
    /// Its figures.
    pub(crate) reference: Option<Summary>,
    /// The LWK's figures.
    pub(crate) lwk: Summary,
    /// The LWK's figure / the reference's; below 1 the LWK is faster.
    pub(crate) ratio: Option<Summary>,
    /// The same of the fastest batches of both sides.
    pub(crate) ratio_at_best: Option<f64>,
    /// What is promised, if anything is.
    pub(crate) goal: Option<GoalMet>,
}

/// Whose figure a run gives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Reference,
    Lwk,
}

impl Comparison {
    /// Measures both sides in turn. Which goes first changes from round to round, so that neither always inherits
    /// what the other leaves: warm memory, a busy disk, a throttled CPU.
    pub(crate) fn measure(benchmark: &Benchmark, sides: &Sides, words: &[OsString], rounds: u32) -> Result<Self> {
        let (mut reference, mut lwk) = (Vec::new(), Vec::new());
        for round in 0..rounds {
            let order = if round % 2 == 0 { [Role::Reference, Role::Lwk] } else { [Role::Lwk, Role::Reference] };
            for role in order {
                match role {
                    Role::Reference => reference.extend(refer(benchmark, sides, words)?),
                    Role::Lwk => lwk.push(sides.measure(Side::Lwk, benchmark, words)?),
                }
            }
        }
        check(benchmark, &reference, &lwk)?;
        Self::new(benchmark, &reference, &lwk).with_context(|| format!("{}: no round was measured", benchmark.name))
    }

    /// Of each side's figures, round by round; `None` if there is no round.
    pub(crate) fn new(benchmark: &Benchmark, reference: &[Figure], lwk: &[Figure]) -> Option<Self> {
        let medians = |figures: &[Figure]| Summary::new(figures.iter().map(|figure| figure.median).collect());
        let (referred, lwk_medians) = (medians(reference), medians(lwk)?);
        let ratio = referred.as_ref().and_then(|referred| ratio(&lwk_medians.rounds, &referred.rounds));
        Some(Self {
            name: benchmark.name,
            title: benchmark.title,
            unit: Unit::of(benchmark.method),
            compared_with: name_of(benchmark.reference),
            goal: benchmark.goal.map(|goal| GoalMet::judge(goal, &lwk_medians, ratio.as_ref())),
            ratio_at_best: referred.is_some().then(|| best(lwk) / best(reference)),
            reference: referred,
            lwk: lwk_medians,
            ratio,
        })
    }
}

fn name_of(reference: Reference) -> Option<&'static str> {
    match reference {
        Reference::Native => Some("native"),
        Reference::OnLwk(name) => Some(name),
        Reference::Nothing => None,
    }
}

/// The figure to compare with, if there is one.
fn refer(benchmark: &Benchmark, sides: &Sides, words: &[OsString]) -> Result<Option<Figure>> {
    match benchmark.reference {
        Reference::Native => sides.measure(Side::Native, benchmark, words).map(Some),
        Reference::OnLwk(name) => {
            let other = catalogue::find(name).with_context(|| format!("there is no benchmark {name}"))?;
            sides.measure(Side::Lwk, other, words).map(Some)
        }
        Reference::Nothing => Ok(None),
    }
}

/// The same program must find the same wherever it runs.
fn check(benchmark: &Benchmark, reference: &[Figure], lwk: &[Figure]) -> Result<()> {
    let expected = if benchmark.reference == Reference::Native { reference.first() } else { lwk.first() };
    let same = lwk.iter().all(|figure| Some(figure.checksum) == expected.map(|figure| figure.checksum));
    ensure!(same, "the same program found different things in different runs");
    Ok(())
}

/// The least figure of any batch of all rounds.
fn best(figures: &[Figure]) -> f64 {
    figures.iter().map(|figure| figure.best).fold(f64::INFINITY, f64::min)
}

impl fmt::Display for Comparison {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(name), Some(reference), Some(ratio)) = (self.compared_with, &self.reference, &self.ratio) {
            write!(to, "{name} {}, ratio {}, ", self.unit.show(reference.median), Times(ratio.median))?;
        }
        write!(to, "LWK {}", self.unit.show(self.lwk.median))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(median: f64, best: f64, checksum: u64) -> Figure {
        Figure { median, best, checksum }
    }

    fn find(name: &str) -> &'static Benchmark {
        catalogue::find(name).unwrap()
    }

    #[test]
    fn a_ratio_below_1_is_a_faster_lwk() {
        let comparison =
            Comparison::new(find("random-reads"), &[figure(300.0, 300.0, 0)], &[figure(200.0, 150.0, 0)]).unwrap();
        assert!((comparison.ratio.unwrap().median - 2.0 / 3.0).abs() < 1e-9);
        assert!(comparison.goal.unwrap().met);
    }

    #[test]
    fn what_promises_nothing_is_not_judged() {
        let figures = [figure(1.0, 1.0, 0)];
        assert_eq!(Comparison::new(find("clock-call"), &figures, &figures).unwrap().goal, None);
    }

    #[test]
    fn what_has_no_reference_has_no_ratio() {
        let comparison = Comparison::new(find("footprint"), &[], &[figure(5e6, 5e6, 0)]).unwrap();
        assert_eq!((comparison.ratio, comparison.compared_with), (None, None));
        assert!(comparison.goal.unwrap().met);
    }

    #[test]
    fn at_best_the_fastest_batches_of_any_rounds_are_compared() {
        let native = [figure(1000.0, 100.0, 0), figure(1000.0, 900.0, 0)];
        let lwk = [figure(1000.0, 800.0, 0), figure(1000.0, 50.0, 0)];
        let comparison = Comparison::new(find("stat"), &native, &lwk).unwrap();
        assert!((comparison.ratio_at_best.unwrap() - 0.5).abs() < 1e-9);
    }

    #[test]
    fn both_sides_must_find_the_same() {
        let one = [figure(1.0, 1.0, 7)];
        let other = [figure(1.0, 1.0, 8)];
        assert!(check(find("stat"), &one, &one).is_ok());
        assert!(check(find("stat"), &one, &other).is_err());
        assert!(check(find("pread-4k-crowd"), &one, &other).is_ok());
    }
}

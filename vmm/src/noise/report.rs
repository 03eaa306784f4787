//! The results, as numbers. `--json` shows them as they are: times in nanoseconds unless a name says otherwise.

mod gaps;
mod samples;
mod totals;

use serde::Serialize;

use super::distribution::Distribution;
use super::histogram::{self, Bucket};
use super::plan::{Plan, Side, float};
use super::slice::Slice;
pub(super) use gaps::Gaps;
pub(super) use samples::Samples;
pub(super) use totals::Total;

/// A measurement's results.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Report {
    /// The CPUs that were measured on.
    pub(super) cpus: String,
    /// Release of the Linux underneath.
    pub(super) linux: String,
    /// Ticks of the time-stamp counter in a millisecond.
    pub(super) tsc_khz: u32,
    /// Slices of each side.
    pub(super) rounds: u64,
    /// Nanoseconds of a slice.
    pub(super) slice: u64,
    /// The results for each length of work.
    pub(super) quanta: Vec<Quantum>,
    /// What was counted on Linux's side, and on the LWK's.
    pub(super) totals: Sides<Vec<Total>>,
    /// Share of the measuring time, from 0 to 1, in which another task or whoever is below this Linux had the CPU.
    pub(super) crowded: Sides<f64>,
    /// Whether the guest's time-stamp counter is the host's, so that moments can be compared.
    pub(super) clocks_agree: bool,
}

/// Something for each side.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Sides<T> {
    /// Linux's.
    pub(super) native: T,
    /// The LWK's.
    pub(super) lwk: T,
}

impl<T> Sides<T> {
    /// Makes it for each side.
    pub(super) fn of(make: impl Fn(Side) -> T) -> Self {
        Self { native: make(Side::Native), lwk: make(Side::Lwk) }
    }

    /// That of one side.
    pub(super) const fn get(&self, side: Side) -> &T {
        match side {
            Side::Native => &self.native,
            Side::Lwk => &self.lwk,
        }
    }

    /// Each with its side.
    pub(super) const fn both(&self) -> [(Side, &T); 2] {
        [(Side::Native, &self.native), (Side::Lwk, &self.lwk)]
    }
}

/// The results for one length of work.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Quantum {
    /// The length that was asked for.
    pub(super) length: u64,
    /// Steps of the work.
    pub(super) steps: u64,
    /// The fastest quantum of either side.
    pub(super) fastest: f64,
    /// How long they took.
    pub(super) times: Sides<Option<Distribution>>,
    /// LWK / native of the worst excess; none if either is missing or native's is 0.
    pub(super) worst_ratio: Option<f64>,
    /// The same of the excess that 99.99 per cent stay within.
    pub(super) ratio_99_99: Option<f64>,
    /// How often which excess occurred.
    pub(super) histogram: Sides<Vec<Bucket>>,
    /// What took longer, and why.
    pub(super) gaps: Sides<Gaps>,
    /// What a drawing needs beside this.
    #[serde(skip)]
    pub(super) samples: Sides<Samples>,
}

impl Report {
    /// Evaluates the slices.
    pub(super) fn new(plan: &Plan, slices: &[Slice]) -> Self {
        let uname = rustix::system::uname();
        let quantum = |work| Quantum::new(plan, slices, work);
        let totals = Sides::of(|side| totals::totals(of_side(slices, side)));
        let measured = plan.rounds * plan.slice * plan.cpus.as_slice().len() as u64;
        Self {
            cpus: plan.cpus.to_string(),
            linux: uname.release().to_string_lossy().into_owned(),
            tsc_khz: plan.tsc_khz,
            rounds: plan.rounds,
            slice: plan.slice,
            quanta: (0..plan.works.len()).map(quantum).collect(),
            crowded: Sides::of(|side| totals::times(totals.get(side)) / float(measured.max(1))),
            totals,
            clocks_agree: slices.iter().all(Slice::clocks_agree),
        }
    }
}

impl Quantum {
    fn new(plan: &Plan, slices: &[Slice], work: usize) -> Self {
        let begin = slices.iter().map(|slice| slice.watched.span.0).min().unwrap_or(0);
        let sorted = Sides::of(|side| samples::sorted(of_side(slices, side), work));
        let fastest = sorted.both().iter().filter_map(|(_, sorted)| sorted.first()).copied().min().unwrap_or(0);
        let tick = plan.nanoseconds(1);
        let times = Sides::of(|side| Distribution::new(sorted.get(side), fastest, tick));
        let length = plan.quanta[work].nanoseconds();
        Self {
            length,
            steps: plan.works[work].steps,
            fastest: float(fastest) * tick,
            worst_ratio: ratio(&times, |times| times.excess_worst),
            ratio_99_99: ratio(&times, |times| times.excess_99_99),
            times,
            histogram: Sides::of(|side| histogram::count(sorted.get(side), fastest, tick)),
            gaps: Sides::of(|side| Gaps::new(plan, of_side(slices, side), work, (begin, fastest))),
            samples: Sides::of(|side| {
                Samples::new(plan, of_side(slices, side), work, (begin, fastest), sorted.get(side))
            }),
        }
    }
}

fn of_side(slices: &[Slice], side: Side) -> impl Iterator<Item = &Slice> {
    slices.iter().filter(move |slice| slice.side == side)
}

fn ratio(times: &Sides<Option<Distribution>>, of: fn(&Distribution) -> f64) -> Option<f64> {
    let native = times.native.as_ref().map(of).filter(|native| *native > 0.0)?;
    Some(times.lwk.as_ref().map(of)? / native)
}

/// Nanoseconds above which a quantum is a gap: 2 us, and one per cent of its length, which a processor's changing speed may explain.
const fn threshold(length: u64) -> u64 {
    let percent = length / 100;
    if percent > 2_000 { percent } else { 2_000 }
}

#[cfg(test)]
pub(super) mod tests;

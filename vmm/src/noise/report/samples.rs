//! The quanta of one side as a drawing needs them: few points of millions.

use super::super::plan::{Plan, float};
use super::super::slice::Slice;

/// Strips of a measurement's time, of each of which the worst quantum is a point.
const STRIPS: u32 = 600;
/// Shares of the quanta between one and a tenth of it.
const SHARES: u32 = 40;

/// Points of a drawing. Excess is in nanoseconds.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Samples {
    /// Seconds since the measurement began, and the worst excess about then.
    pub(in super::super) over_time: Vec<(f64, f64)>,
    /// A share of the quanta, from 1 down to one of them, and the excess that it exceeds or reaches.
    pub(in super::super) shares: Vec<(f64, f64)>,
}

/// The ticks of all quanta of `work`, in rising order.
pub(super) fn sorted<'a>(slices: impl Iterator<Item = &'a Slice>, work: usize) -> Vec<u64> {
    let mut ticks: Vec<u64> = quanta(slices, work).map(|(_, ticks)| ticks).collect();
    ticks.sort_unstable();
    ticks
}

/// When each quantum of `work` began, and its ticks.
fn quanta<'a>(slices: impl Iterator<Item = &'a Slice>, work: usize) -> impl Iterator<Item = (u64, u64)> {
    let marks = slices.flat_map(|slice| &slice.marks).filter(move |marks| marks.work == work);
    marks.flat_map(|marks| marks.ticks.windows(2)).map(|pair| (pair[0], pair[1].saturating_sub(pair[0])))
}

impl Samples {
    /// Of the quanta of `work`, whose ticks `sorted` has.
    pub(super) fn new<'a>(
        plan: &Plan,
        slices: impl Iterator<Item = &'a Slice>,
        work: usize,
        (begin, fastest): (u64, u64),
        sorted: &[u64],
    ) -> Self {
        let excess = |ticks: u64| plan.nanoseconds(ticks.saturating_sub(fastest));
        let strip = plan.ticks(2 * plan.rounds * plan.slice) / u64::from(STRIPS);
        let over_time =
            worst_of_strips(quanta(slices, work).map(|(at, ticks)| (at.saturating_sub(begin), ticks)), strip.max(1));
        let seconds = |at: u64| plan.nanoseconds(at) / 1e9;
        Self {
            over_time: over_time.into_iter().map(|(at, ticks)| (seconds(at), excess(ticks))).collect(),
            shares: shares(sorted).into_iter().map(|(share, ticks)| (share, excess(ticks))).collect(),
        }
    }
}

/// The slowest quantum of each strip in which quanta began.
fn worst_of_strips(quanta: impl Iterator<Item = (u64, u64)>, strip: u64) -> Vec<(u64, u64)> {
    let mut worst = std::collections::BTreeMap::<u64, (u64, u64)>::new();
    for (at, ticks) in quanta {
        let slowest = worst.entry(at / strip).or_default();
        if ticks > slowest.1 {
            *slowest = (at, ticks);
        }
    }
    worst.into_values().collect()
}

/// Shares from all quanta to one of them, each with the fastest of this share of the slowest.
fn shares(sorted: &[u64]) -> Vec<(f64, u64)> {
    let count = float(sorted.len() as u64);
    let shares = (0..).map(|step| (-f64::from(step) / f64::from(SHARES)).exp2().powf(10_f64.log2()));
    let mut points: Vec<(f64, u64)> = shares
        .take_while(|share| share * count >= 1.0)
        .filter_map(|share| {
            let slower = sorted.len() - rank(share * count).min(sorted.len());
            Some((share, *sorted.get(slower)?))
        })
        .collect();
    points.extend(sorted.last().map(|last| (1.0 / count, *last)));
    points
}

/// A whole number of quanta.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count, not negative and below 2^53")]
const fn rank(count: f64) -> usize {
    count as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strips_show_their_worst() {
        let quanta = [(0, 5), (3, 9), (9, 1), (12, 2), (35, 4)];
        assert_eq!(worst_of_strips(quanta.into_iter(), 10), [(3, 9), (12, 2), (35, 4)]);
    }

    #[test]
    fn shares_begin_with_all_and_end_with_the_worst() {
        let sorted: Vec<u64> = (1..=1000).collect();
        let points = shares(&sorted);
        assert_eq!(points[0], (1.0, 1));
        assert_eq!(points[40].1, 901);
        assert_eq!(points.last().map(|(_, ticks)| *ticks), Some(1000));
        assert!(points.windows(2).all(|pair| pair[0].0 >= pair[1].0 && pair[0].1 <= pair[1].1));
        assert_eq!(shares(&[]), []);
    }
}

//! How long the quanta of one length took on one side.

use serde::Serialize;

use super::plan::float;

/// Times of equal work, all in nanoseconds. The excess is what lies above the fastest quantum of either side.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Distribution {
    /// How many quanta there were.
    pub(super) count: usize,
    /// The fastest of this side.
    pub(super) minimum: f64,
    /// Half of them were faster.
    pub(super) median: f64,
    /// Excess that 99 per cent stay within.
    pub(super) excess_99: f64,
    /// Excess that 99.9 per cent stay within.
    pub(super) excess_99_9: f64,
    /// Excess that 99.99 per cent stay within.
    pub(super) excess_99_99: f64,
    /// Excess of the slowest.
    pub(super) excess_worst: f64,
    /// Share of the time that was more than the fastest quanta would have taken, from 0 to 1.
    pub(super) lost: f64,
}

impl Distribution {
    /// Of the quanta's ticks in rising order; `fastest` is the fastest of either side, `nanoseconds` a tick's length. `None`
    /// if there are no quanta.
    pub(super) fn new(sorted: &[u64], fastest: u64, nanoseconds: f64) -> Option<Self> {
        let (first, last) = (sorted.first()?, sorted.last()?);
        let excess = |ticks: u64| float(ticks.saturating_sub(fastest)) * nanoseconds;
        let all: u64 = sorted.iter().sum();
        let needed = fastest * sorted.len() as u64;
        Some(Self {
            count: sorted.len(),
            minimum: float(*first) * nanoseconds,
            median: float(percentile(sorted, 5_000)) * nanoseconds,
            excess_99: excess(percentile(sorted, 9_900)),
            excess_99_9: excess(percentile(sorted, 9_990)),
            excess_99_99: excess(percentile(sorted, 9_999)),
            excess_worst: excess(*last),
            lost: float(all.saturating_sub(needed)) / float(all.max(1)),
        })
    }
}

/// The smallest value that so many ten thousandths of all are not above (nearest rank); 0 of no values.
fn percentile(sorted: &[u64], ten_thousandths: usize) -> u64 {
    let rank = (sorted.len() * ten_thousandths).div_ceil(10_000).max(1);
    sorted.get(rank - 1).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn percentiles_are_values_that_occurred() {
        let values: Vec<u64> = (1..=10_000).collect();
        assert_eq!(
            [5_000, 9_900, 9_990, 9_999, 10_000].map(|share| percentile(&values, share)),
            [5_000, 9_900, 9_990, 9_999, 10_000]
        );
        assert_eq!(percentile(&[7], 9_999), 7);
        assert_eq!(percentile(&[1, 2, 3], 5_000), 2);
        assert_eq!(percentile(&[], 5_000), 0);
    }

    #[test]
    fn excess_is_above_the_fastest_of_either_side() {
        let times = Distribution::new(&[110, 110, 110, 170], 100, 0.5).expect("not empty");
        assert_eq!((times.count, times.minimum, times.median, times.excess_worst), (4, 55.0, 55.0, 35.0));
        assert!((times.lost - 0.2).abs() < 1e-9);
        assert_eq!(Distribution::new(&[], 100, 0.5), None);
    }

    proptest! {
        #[test]
        fn the_figures_rise(mut values in prop::collection::vec(1..1_000_000_u64, 1..300)) {
            values.sort_unstable();
            let times = Distribution::new(&values, values[0], 1.0).expect("not empty");
            let rising = [0.0, times.excess_99, times.excess_99_9, times.excess_99_99, times.excess_worst];
            prop_assert!(rising.is_sorted() && times.minimum <= times.median);
            prop_assert!((0.0..1.0).contains(&times.lost));
        }
    }
}

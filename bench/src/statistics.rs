//! Medians and ratios.
//!
//! Times have a long tail on one side (interrupts, stolen CPUs), so means say little. The two sides are measured in
//! turn and a round's figures are neighbours in time: the ratio is taken within each round, so that a machine that is
//! slower for a minute slows both, and the median of those ratios is what is reported.

use serde::Serialize;

/// The middle of the values, or the mean of the two in the middle; `None` of nothing.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    Some(f64::midpoint(sorted[sorted.len() / 2 - 1], upper))
}

/// Several figures of one kind and what is typical of them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// The middle.
    pub median: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// All, in the order of the rounds.
    pub rounds: Vec<f64>,
}

impl Summary {
    /// Of figures, one a round; `None` if there are none.
    #[must_use]
    pub fn new(rounds: Vec<f64>) -> Option<Self> {
        let median = median(&rounds)?;
        let min = rounds.iter().copied().fold(f64::INFINITY, f64::min);
        let max = rounds.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Some(Self { median, min, max, rounds })
    }
}

/// How many times the first side's figure is of the second's, round by round; `None` if there is no round.
#[must_use]
pub fn ratio(of: &[f64], to: &[f64]) -> Option<Summary> {
    Summary::new(of.iter().zip(to).map(|(of, to)| of / to).collect())
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the figures are exact in binary")]
mod tests {
    use super::*;

    #[test]
    fn the_median_does_not_depend_on_the_order() {
        assert_eq!(median(&[9.0, 1.0, 5.0]), Some(5.0));
        assert_eq!(median(&[5.0, 9.0, 1.0]), Some(5.0));
    }

    #[test]
    fn the_median_of_an_even_number_is_between_the_middle_two() {
        assert_eq!(median(&[4.0, 1.0, 2.0, 100.0]), Some(3.0));
    }

    #[test]
    fn the_median_shrugs_off_one_outlier() {
        assert_eq!(median(&[10.0, 10.0, 1e9]), Some(10.0));
    }

    #[test]
    fn nothing_has_no_median_and_no_summary() {
        assert_eq!(median(&[]), None);
        assert_eq!(Summary::new(Vec::new()), None);
        assert_eq!(ratio(&[], &[]), None);
    }

    #[test]
    fn a_summary_keeps_the_rounds_in_order() {
        let summary = Summary::new(vec![3.0, 1.0, 2.0]).unwrap();
        assert_eq!((summary.min, summary.median, summary.max), (1.0, 2.0, 3.0));
        assert_eq!(summary.rounds, [3.0, 1.0, 2.0]);
    }

    #[test]
    fn half_the_time_is_a_ratio_of_one_half() {
        assert_eq!(ratio(&[100.0], &[200.0]).unwrap().median, 0.5);
    }

    #[test]
    fn the_ratio_compares_neighbours_so_a_slow_minute_cancels_out() {
        let lwk = [50.0, 200.0, 50.0];
        let native = [100.0, 400.0, 100.0];
        let ratio = ratio(&lwk, &native).unwrap();
        assert_eq!((ratio.min, ratio.median, ratio.max), (0.5, 0.5, 0.5));
    }
}

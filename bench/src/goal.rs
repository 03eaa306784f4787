//! Whether a promise is kept.

use bench::catalogue::Goal;
use bench::statistics::Summary;
use serde::Serialize;

use crate::unit::{Times, Unit};

/// A goal and whether it is met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct GoalMet {
    /// The goal in words.
    pub(crate) goal: String,
    /// Whether the median meets it.
    pub(crate) met: bool,
}

impl GoalMet {
    /// By the LWK's figure and its ratio to the reference; a ratio that cannot be had keeps no promise.
    pub(crate) fn judge(goal: Goal, lwk: &Summary, ratio: Option<&Summary>) -> Self {
        let (limit, found) = match goal {
            Goal::Ratio(limit) => (Times(limit).to_string(), ratio.is_some_and(|ratio| ratio.median <= limit)),
            Goal::Nanoseconds(limit) => (Unit::Nanoseconds.show(limit), lwk.median <= limit),
            Goal::Bytes(limit) => (Unit::Bytes.show(limit), lwk.median <= limit),
        };
        Self { goal: format!("at most {limit}"), met: found }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(figure: f64) -> Summary {
        Summary::new(vec![figure]).unwrap()
    }

    #[test]
    fn a_ratio_is_met_by_the_ratio() {
        let judge = |ratio| GoalMet::judge(Goal::Ratio(0.75), &only(1e9), Some(&only(ratio)));
        assert_eq!(judge(0.75), GoalMet { goal: "at most 0.75".into(), met: true });
        assert!(!judge(0.76).met);
        assert!(!GoalMet::judge(Goal::Ratio(0.75), &only(1.0), None).met);
    }

    #[test]
    fn a_limit_is_met_whatever_the_ratio() {
        let judge = |time| GoalMet::judge(Goal::Nanoseconds(20e6), &only(time), Some(&only(17.0)));
        assert_eq!(judge(19e6), GoalMet { goal: "at most 20.0 ms".into(), met: true });
        assert!(!judge(21e6).met);
        let bytes = GoalMet::judge(Goal::Bytes(12.0 * 1_048_576.0), &only(13e6), None);
        assert_eq!(bytes, GoalMet { goal: "at most 12.0 MiB".into(), met: false });
    }
}

//! The quanta that took longer, by cause.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::causes::{Cause, Evidence, Gap};
use super::super::plan::Plan;
use super::super::record::Marks;
use super::super::slice::Slice;
use super::threshold;

/// The largest gaps that are told one by one.
const SHOWN: usize = 10;

/// The gaps of one length of work on one side.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(in super::super) struct Gaps {
    /// The excess from which on a quantum is a gap.
    pub(in super::super) threshold: u64,
    /// How many there were.
    pub(in super::super) count: usize,
    /// By cause, the one that took most time first.
    pub(in super::super) causes: Vec<CauseLine>,
    /// The largest ones.
    pub(in super::super) worst: Vec<WorstGap>,
}

/// The gaps of one cause.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(in super::super) struct CauseLine {
    /// The cause.
    pub(in super::super) cause: String,
    /// How many there were.
    pub(in super::super) count: usize,
    /// Their excess, all together.
    pub(in super::super) total: f64,
    /// The largest excess.
    pub(in super::super) worst: f64,
}

/// A gap.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(in super::super) struct WorstGap {
    /// Since the measurement began.
    pub(in super::super) at: f64,
    /// Its excess.
    pub(in super::super) excess: f64,
    /// Its cause.
    pub(in super::super) cause: String,
}

impl Gaps {
    /// Finds and explains the gaps of `work` in the slices of one side; `begin` is when the measurement began, `fastest` what
    /// the fastest quantum of either side took, in ticks.
    pub(super) fn new<'a>(
        plan: &Plan,
        slices: impl Iterator<Item = &'a Slice>,
        work: usize,
        (begin, fastest): (u64, u64),
    ) -> Self {
        let threshold = threshold(plan.quanta[work].nanoseconds());
        let least = plan.ticks(threshold);
        let mut explained: Vec<(Gap, Cause)> = slices
            .flat_map(|slice| slice.marks.iter().filter(|marks| marks.work == work).map(move |marks| (slice, marks)))
            .flat_map(|(slice, marks)| explain(plan, slice, marks, (fastest, least)))
            .collect();
        explained.sort_by_key(|(gap, _)| std::cmp::Reverse(gap.excess));
        let worst = explained.iter().take(SHOWN).map(|(gap, cause)| WorstGap {
            at: plan.nanoseconds(gap.time.0.saturating_sub(begin)),
            excess: plan.nanoseconds(gap.excess),
            cause: cause.to_string(),
        });
        Self { threshold, count: explained.len(), causes: by_cause(plan, &explained), worst: worst.collect() }
    }
}

fn explain(plan: &Plan, slice: &Slice, marks: &Marks, (fastest, least): (u64, u64)) -> Vec<(Gap, Cause)> {
    let gap = |pair: &[u64]| {
        let excess = (pair[1].saturating_sub(pair[0])).saturating_sub(fastest);
        Gap { time: (pair[0], pair[1]), excess }
    };
    let gaps: Vec<Gap> = marks.ticks.windows(2).map(gap).filter(|gap| gap.excess > least).collect();
    let series = slice.watched.series.get(marks.thread).filter(|_| slice.clocks_agree());
    let exits = slice.watched.exits.iter().filter(|exit| exit.vcpu == marks.thread && slice.clocks_agree()).collect();
    let causes = match series {
        Some(series) => Evidence::new(series, exits, plan.tsc_khz).explain(&gaps),
        None => vec![Cause::Unknown; gaps.len()],
    };
    gaps.into_iter().zip(causes).collect()
}

fn by_cause(plan: &Plan, explained: &[(Gap, Cause)]) -> Vec<CauseLine> {
    let mut lines: BTreeMap<&Cause, (usize, u64, u64)> = BTreeMap::new();
    for (gap, cause) in explained {
        let (count, total, worst) = lines.entry(cause).or_default();
        *count += 1;
        *total += gap.excess;
        *worst = gap.excess.max(*worst);
    }
    let line = |(cause, (count, total, worst)): (&Cause, (usize, u64, u64))| CauseLine {
        cause: cause.to_string(),
        count,
        total: plan.nanoseconds(total),
        worst: plan.nanoseconds(worst),
    };
    let mut lines: Vec<CauseLine> = lines.into_iter().map(line).collect();
    lines.sort_by(|one, other| other.total.total_cmp(&one.total));
    lines
}

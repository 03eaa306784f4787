//! What was counted on a side while it measured: what cannot be told of a single gap.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde::Serialize;

use super::super::plan::float;
use super::super::slice::Slice;
use super::super::watch::{Kind, Moment, Series};

/// A counter's rise during the measuring of one side, all slices and CPUs together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(in super::super) struct Total {
    /// What was counted.
    pub(in super::super) name: String,
    /// How much: a count, or nanoseconds if `is_time`.
    pub(in super::super) value: u64,
    /// Whether it is a time.
    pub(in super::super) is_time: bool,
}

/// Adds up what rose between the first mark and the last of each slice.
pub(super) fn totals<'a>(slices: impl Iterator<Item = &'a Slice>) -> Vec<Total> {
    let mut sums: BTreeMap<(bool, String), u64> = BTreeMap::new();
    for slice in slices {
        for (thread, series) in slice.watched.series.iter().enumerate() {
            let Some((first, last)) = slice.window(thread) else { continue };
            add(&mut sums, series, first..=last);
            let exits = slice.watched.exits.iter().filter(|exit| exit.vcpu == thread);
            let reasons = exits.filter(|exit| (first..=last).contains(&exit.ticks)).map(|exit| exit.reason.as_str());
            let all = sums.entry((false, "VM exits to the VMM".to_owned())).or_default();
            *all += reasons.clone().count() as u64;
            for reason in reasons {
                *sums.entry((false, format!("VM exits to the VMM: {reason}"))).or_default() += 1;
            }
        }
    }
    sums.into_iter().map(|((is_time, name), value)| Total { name, value, is_time }).collect()
}

/// All times together, in nanoseconds.
pub(super) fn times(totals: &[Total]) -> f64 {
    float(totals.iter().filter(|total| total.is_time).map(|total| total.value).sum())
}

fn add(sums: &mut BTreeMap<(bool, String), u64>, series: &Series, window: RangeInclusive<u64>) {
    let inside = |pair: &&[Moment]| window.contains(&pair[0].ticks.1) && window.contains(&pair[1].ticks.0);
    for pair in series.moments.windows(2).filter(inside) {
        for (counter, rise) in series.rises(pair) {
            let (is_time, name) = match counter.kind {
                Kind::Steal | Kind::RunDelay => (true, counter.name.clone()),
                Kind::Interrupt => (false, format!("interrupts: {}", counter.name)),
                Kind::SoftInterrupt => (false, format!("soft interrupts: {}", counter.name)),
                Kind::Kvm => (false, format!("KVM: {}", counter.name)),
                Kind::Switches => (false, counter.name.clone()),
            };
            *sums.entry((is_time, name)).or_default() += rise;
        }
    }
}

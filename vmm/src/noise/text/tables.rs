//! The tables of the results.

use std::collections::BTreeMap;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};

use super::super::distribution::Distribution;
use super::super::histogram::Bucket;
use super::super::plan::{Side, float};
use super::super::report::{Gaps, Quantum, Sides, Total};
use super::duration;

/// Letters of the longest bar.
const BAR: usize = 24;

/// The distribution of each side.
pub(super) fn distribution(quantum: &Quantum) -> Table {
    let mut table = table(&["", "quanta", "minimum", "median", "99 %", "99.9 %", "99.99 %", "worst", "time lost"]);
    for (side, times) in quantum.times.both() {
        if let Some(times) = times {
            table.add_row(row(side, times, float(quantum.length)));
        }
    }
    align(&mut table);
    table
}

/// The first two are whole times, the rest excess, also as a share of the quantum.
fn row(side: Side, times: &Distribution, length: f64) -> Vec<String> {
    let excess = [times.excess_99, times.excess_99_9, times.excess_99_99, times.excess_worst];
    let excess = excess.map(|excess| format!("{} ({})", duration(excess), per_cent(excess / length)));
    let head = [side.name().to_owned(), times.count.to_string(), duration(times.minimum), duration(times.median)];
    head.into_iter().chain(excess).chain([per_cent(times.lost)]).collect()
}

/// A share as people write it: a part in per cent, a multiple as such.
pub(super) fn per_cent(share: f64) -> String {
    match share {
        ..0.1 => format!("{:.2} %", share * 100.0),
        0.1..10.0 => format!("{:.0} %", share * 100.0),
        _ => format!("{share:.0} x"),
    }
}

/// The buckets from the first to the last that is not empty, with bars whose length is the count's logarithm.
pub(super) fn histogram(quantum: &Quantum) -> Table {
    let mut table = table(&["excess from", "native", "", "LWK", ""]);
    let pairs: Vec<(&Bucket, &Bucket)> = quantum.histogram.native.iter().zip(&quantum.histogram.lwk).collect();
    let is_used = |(native, lwk): &(&Bucket, &Bucket)| native.count + lwk.count > 0;
    let last = pairs.iter().rposition(is_used).map_or(0, |last| last + 1);
    let first = pairs.iter().position(is_used).unwrap_or(0);
    let most = pairs.iter().map(|(native, lwk)| native.count.max(lwk.count)).max().unwrap_or(0);
    for (native, lwk) in &pairs[first..last] {
        let from = duration(f64::from(native.from));
        let [native, lwk] = [native.count, lwk.count];
        table.add_row([from, native.to_string(), bar(native, most), lwk.to_string(), bar(lwk, most)]);
    }
    for column in [0, 1, 3] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// A bar for `count` of at most `most`; one is seen, none is not.
fn bar(count: usize, most: usize) -> String {
    let digits = |count: usize| float((count + 1) as u64).log2();
    let share = digits(count) / digits(most).max(1.0);
    let length = (1..=BAR).filter(|length| float(*length as u64 - 1) < share * float(BAR as u64)).count();
    "#".repeat(length)
}

/// Both sides' gaps by cause.
pub(super) fn causes(gaps: &Sides<Gaps>) -> Table {
    let mut table = table(&["cause", "native", "total", "worst", "LWK", "total", "worst"]);
    let mut causes: Vec<&str> = Vec::new();
    for line in gaps.native.causes.iter().chain(&gaps.lwk.causes) {
        if !causes.contains(&line.cause.as_str()) {
            causes.push(&line.cause);
        }
    }
    for cause in causes {
        let cells = gaps.both().map(|(_, gaps)| cells(gaps, cause));
        table.add_row(std::iter::once(cause.to_owned()).chain(cells.into_iter().flatten()));
    }
    align(&mut table);
    table
}

fn cells(gaps: &Gaps, cause: &str) -> [String; 3] {
    let line = gaps.causes.iter().find(|line| line.cause == cause);
    line.map_or_else(
        || ["0", "", ""].map(str::to_owned),
        |line| [line.count.to_string(), duration(line.total), duration(line.worst)],
    )
}

/// What was counted, side by side.
pub(super) fn totals(totals: &Sides<Vec<Total>>) -> Table {
    let mut table = table(&["", "native", "LWK"]);
    let mut rows: BTreeMap<(bool, &str), [String; 2]> = BTreeMap::new();
    for (place, (_, totals)) in totals.both().into_iter().enumerate() {
        for total in totals {
            let value = if total.is_time { duration(float(total.value)) } else { total.value.to_string() };
            let row = rows.entry((!total.is_time, &total.name)).or_insert_with(|| ["0", "0"].map(str::to_owned));
            row[place] = value;
        }
    }
    for ((_, name), [native, lwk]) in rows {
        table.add_row([format!("  {name}"), native, lwk]);
    }
    align(&mut table);
    table
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header(header);
    table
}

fn align(table: &mut Table) {
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_short() {
        assert_eq!([0.0, 0.012_34, 0.5, 3.0, 3923.1].map(per_cent), ["0.00 %", "1.23 %", "50 %", "300 %", "3923 x"]);
    }

    #[test]
    fn one_quantum_is_seen_and_the_most_fill_the_bar() {
        assert_eq!(bar(0, 1000), "");
        assert!(!bar(1, 1_000_000).is_empty());
        assert_eq!(bar(1000, 1000).len(), BAR);
        assert!(bar(30, 1000).len() < BAR);
    }
}

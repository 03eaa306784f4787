//! The table that people read, in Markdown, so that it can stand in a document as it is.

use bench::statistics::Summary;
use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table};

use crate::comparison::Comparison;
use crate::results::Results;
use crate::unit::Times;

const HEADER: [&str; 8] = ["operation", "native", "LWK", "LWK's range", "LWK / native", "its range", "at best", "goal"];
const HOW_TO_READ: &str = "LWK / native: the ratio of the times within a round, below 1 the LWK is faster.
At best: the same of each side's fastest batch, which disturbances spare.";
/// Columns that hold figures.
const FIGURES: std::ops::RangeInclusive<usize> = 1..=6;

/// The machine, the figures and how to read them.
pub(crate) fn render(results: &Results) -> String {
    let machine: Vec<String> =
        results.machine.rows().into_iter().map(|(name, value)| format!("{name:<14} {value}")).collect();
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_content_arrangement(ContentArrangement::Disabled).set_header(HEADER);
    for comparison in &results.comparisons {
        table.add_row(row(comparison));
    }
    let not_measured = results.not_measured.iter().map(|benchmark| format!("\n{}: {benchmark}", benchmark.title));
    let rounds = results.rounds;
    format!(
        "{}\n{table}\nMedians of {rounds} rounds. {HOW_TO_READ}{}",
        machine.join("\n"),
        not_measured.collect::<String>()
    )
}

fn row(comparison: &Comparison) -> Vec<Cell> {
    let Comparison { unit, lwk, ratio, ratio_at_best, goal, .. } = comparison;
    let goal = goal
        .as_ref()
        .map_or_else(String::new, |goal| format!("{}: {}", goal.goal, if goal.met { "met" } else { "missed" }));
    let cells = [
        comparison.title.to_owned(),
        reference(comparison),
        unit.show(lwk.median),
        range(lwk, |figure| unit.show(figure)),
        ratio.as_ref().map_or_else(String::new, |ratio| Times(ratio.median).to_string()),
        ratio.as_ref().map_or_else(String::new, |ratio| range(ratio, |ratio| Times(ratio).to_string())),
        ratio_at_best.map_or_else(String::new, |ratio| Times(ratio).to_string()),
        goal,
    ];
    cells.into_iter().enumerate().map(|(column, text)| cell(column, text)).collect()
}

/// What the LWK is compared with, marked where it is not Linux.
fn reference(comparison: &Comparison) -> String {
    let Some(reference) = &comparison.reference else { return String::new() };
    let figure = comparison.unit.show(reference.median);
    match comparison.compared_with {
        Some("native") | None => figure,
        Some(other) => format!("{figure} (LWK, {other})"),
    }
}

fn range(figures: &Summary, show: impl Fn(f64) -> String) -> String {
    format!("{} .. {}", show(figures.min), show(figures.max))
}

fn cell(column: usize, text: String) -> Cell {
    let side = if FIGURES.contains(&column) { CellAlignment::Right } else { CellAlignment::Left };
    Cell::new(text).set_alignment(side)
}

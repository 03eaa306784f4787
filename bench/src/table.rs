//! The table that people read, in Markdown, so that it can stand in a document as it is.

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table};

use crate::comparison::Comparison;
use crate::results::Results;
use crate::unit::Nanoseconds;

const HEADER: [&str; 7] = ["operation", "native", "LWK", "LWK's range", "speed", "its range", "goal"];
/// Columns that hold figures.
const FIGURES: std::ops::RangeInclusive<usize> = 1..=5;

/// The machine, the figures and how to read them.
pub(crate) fn render(results: &Results) -> String {
    let machine: Vec<String> =
        results.machine.rows().into_iter().map(|(name, value)| format!("{name:<14} {value}")).collect();
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_content_arrangement(ContentArrangement::Disabled).set_header(HEADER);
    for comparison in &results.comparisons {
        table.add_row(row(comparison));
    }
    format!(
        "{}\n{table}\nMedians of {} rounds. Speed: native time / LWK time within a round, above 1 the LWK is faster.",
        machine.join("\n"),
        results.rounds,
    )
}

fn row(comparison: &Comparison) -> Vec<Cell> {
    let Comparison { native_ns, lwk_ns, speed, goal, .. } = comparison;
    let goal = goal
        .as_ref()
        .map_or_else(String::new, |goal| format!("{}: {}", goal.goal, if goal.met { "met" } else { "missed" }));
    let cells = [
        comparison.title.to_owned(),
        Nanoseconds(native_ns.median).to_string(),
        Nanoseconds(lwk_ns.median).to_string(),
        format!("{} .. {}", Nanoseconds(lwk_ns.min), Nanoseconds(lwk_ns.max)),
        format!("{:.2} x", speed.median),
        format!("{:.2} .. {:.2}", speed.min, speed.max),
        goal,
    ];
    cells.into_iter().enumerate().map(|(column, text)| cell(column, text)).collect()
}

fn cell(column: usize, text: String) -> Cell {
    let side = if FIGURES.contains(&column) { CellAlignment::Right } else { CellAlignment::Left };
    Cell::new(text).set_alignment(side)
}

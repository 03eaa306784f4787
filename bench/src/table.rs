//! The table that people read, in Markdown, so that it can stand in a document as it is.

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table};

use crate::comparison::Comparison;
use crate::results::Results;
use crate::unit::{Nanoseconds, Times};

const HEADER: [&str; 8] = ["operation", "native", "LWK", "LWK's range", "speed", "its range", "at best", "goal"];
const HOW_TO_READ: &str = "Speed: native time / LWK time within a round, above 1 the LWK is faster.
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
    format!("{}\n{table}\nMedians of {} rounds. {HOW_TO_READ}", machine.join("\n"), results.rounds)
}

fn row(comparison: &Comparison) -> Vec<Cell> {
    let Comparison { native_ns, lwk_ns, speed, speed_at_best, goal, .. } = comparison;
    let goal = goal
        .as_ref()
        .map_or_else(String::new, |goal| format!("{}: {}", goal.goal, if goal.met { "met" } else { "missed" }));
    let cells = [
        comparison.title.to_owned(),
        Nanoseconds(native_ns.median).to_string(),
        Nanoseconds(lwk_ns.median).to_string(),
        format!("{} .. {}", Nanoseconds(lwk_ns.min), Nanoseconds(lwk_ns.max)),
        format!("{} x", Times(speed.median)),
        format!("{} .. {}", Times(speed.min), Times(speed.max)),
        format!("{} x", Times(*speed_at_best)),
        goal,
    ];
    cells.into_iter().enumerate().map(|(column, text)| cell(column, text)).collect()
}

fn cell(column: usize, text: String) -> Cell {
    let side = if FIGURES.contains(&column) { CellAlignment::Right } else { CellAlignment::Left };
    Cell::new(text).set_alignment(side)
}

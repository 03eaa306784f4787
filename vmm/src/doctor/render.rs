//! The examination as text.

use std::io::IsTerminal;

use comfy_table::{ContentArrangement, Table, presets};

use super::{Report, Verdict};

/// Columns where no terminal says how many there are.
const WIDTH: u16 = 132;

/// For people.
pub(super) fn table(report: &Report) -> String {
    let mut table = Table::new();
    table.load_style(presets::ASCII_BORDERS_ONLY_CONDENSED);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    if !std::io::stdout().is_terminal() {
        table.set_width(WIDTH);
    }
    table.set_header(["", "examined", "found", "what to do"]);
    for row in &report.rows {
        table.add_row([sign(row.verdict), row.name, &row.value, &row.advice]);
    }
    let conclusion = if report.can_run { "A partition can run here." } else { "No partition can run here." };
    format!("{table}\n{conclusion}")
}

/// For machines.
pub(super) fn json(report: &Report) -> String {
    serde_json::to_string_pretty(report).unwrap_or_default()
}

const fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => "ok",
        Verdict::Warn => "warn",
        Verdict::Fail => "FAIL",
    }
}

#[cfg(test)]
mod tests {
    use super::super::Row;
    use super::*;

    fn report() -> Report {
        Report::new(vec![
            Row::ok("first", "1"),
            Row::fail("second", "2", "repair it"),
            Row::time("third", 2.5, 10.0, ""),
        ])
    }

    #[test]
    fn the_table_has_every_row_and_a_conclusion() {
        let text = table(&report());
        for word in ["first", "second", "FAIL", "repair it", "2.50 ns", "No partition can run here."] {
            assert!(text.contains(word), "{text}");
        }
    }

    #[test]
    fn machines_get_the_figures_as_numbers() {
        let value: serde_json::Value = serde_json::from_str(&json(&report())).expect("valid JSON");
        assert_eq!(value["can_run"], false);
        assert_eq!(value["rows"][1]["verdict"], "fail");
        assert_eq!(value["rows"][2]["measured"]["value"], 2.5);
        assert_eq!(value["rows"][0].get("measured"), None);
    }
}

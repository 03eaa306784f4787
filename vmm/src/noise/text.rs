//! The results for people.

mod tables;

use std::fmt::Write;

use super::plan::{Side, float};
use super::report::{Gaps, Quantum, Report};

/// Gaps of each side that are told one by one.
const WORST: usize = 5;

/// Share of the time that others may have a CPU on a machine that is not crowded.
const CROWDED: f64 = 0.01;

/// All results.
pub(super) fn render(report: &Report) -> String {
    let mut text = heading(report);
    for quantum in &report.quanta {
        text += &one(quantum);
    }
    let totals = tables::totals(&report.totals);
    let _ = writeln!(text, "Counted while measuring, by CPU and thread ({} s a side):\n{totals}", seconds(report));
    text += &crowd(report);
    if !report.clocks_agree {
        text += "The partition's clock is not the host's, so no gap could be compared with what was counted.\n";
    }
    text
}

/// Whoever quotes the figures is to know that they were not measured in quiet.
fn crowd(report: &Report) -> String {
    let [native, lwk] = report.crowded.both().map(|(_, share)| tables::per_cent(*share));
    if report.crowded.native.max(report.crowded.lwk) < CROWDED {
        return String::new();
    }
    format!(
        "Others had the CPU for {native} of native's time and {lwk} of the LWK's: these are figures of a crowded machine.\n"
    )
}

fn heading(report: &Report) -> String {
    let (cpus, linux, rounds) = (&report.cpus, &report.linux, report.rounds);
    let ghz = f64::from(report.tsc_khz) / 1e6;
    let slice = duration(float(report.slice));
    format!("Noise on CPU {cpus}: {rounds} x {slice} a side, in turn; Linux {linux}, clock {ghz:.3} GHz\n")
}

fn seconds(report: &Report) -> u64 {
    report.rounds * report.slice / 1_000_000_000
}

fn one(quantum: &Quantum) -> String {
    let length = duration(float(quantum.length));
    let (steps, fastest) = (quantum.steps, duration(quantum.fastest));
    let mut text = format!("\nQuantum {length} ({steps} steps, fastest {fastest}); excess over the fastest:\n");
    let _ = writeln!(text, "{}", tables::distribution(quantum));
    let _ = writeln!(text, "{}\n", verdict(quantum));
    let _ = writeln!(text, "{}\n", tables::histogram(quantum));
    text += &causes(quantum);
    text
}

/// The LWK's noise as a multiple of Linux's.
fn verdict(quantum: &Quantum) -> String {
    let times = |ratio: Option<f64>| ratio.map_or_else(|| "not comparable".to_owned(), |ratio| format!("{ratio:.2}"));
    let (worst, most) = (times(quantum.worst_ratio), times(quantum.ratio_99_99));
    format!("LWK / native: worst {worst}, 99.99 % {most} (below 1: the LWK is quieter)")
}

fn causes(quantum: &Quantum) -> String {
    let threshold = duration(float(quantum.gaps.native.threshold));
    let (native, lwk) = (quantum.gaps.native.count, quantum.gaps.lwk.count);
    let mut text = format!("Gaps of more than {threshold}: {native} native, {lwk} on the LWK\n");
    if native + lwk > 0 {
        let _ = writeln!(text, "{}\n", tables::causes(&quantum.gaps));
        for (side, gaps) in quantum.gaps.both() {
            text += &worst(side, gaps);
        }
        text.push('\n');
    }
    text
}

fn worst(side: Side, gaps: &Gaps) -> String {
    let mut text = String::new();
    for gap in gaps.worst.iter().take(WORST) {
        let (name, at, excess) = (side.name(), gap.at / 1e9, duration(gap.excess));
        let _ = writeln!(text, "  {name:>6} at {at:7.3} s: {excess:>8}  {}", gap.cause);
    }
    text
}

/// Nanoseconds in a unit that suits them.
pub(super) fn duration(nanoseconds: f64) -> String {
    let (value, unit) = match nanoseconds {
        ..1e3 => (nanoseconds, "ns"),
        1e3..1e6 => (nanoseconds / 1e3, "us"),
        1e6..1e9 => (nanoseconds / 1e6, "ms"),
        _ => (nanoseconds / 1e9, "s"),
    };
    let digits = match value {
        _ if value.fract() == 0.0 => 0,
        ..10.0 => 2,
        10.0..100.0 => 1,
        _ => 0,
    };
    format!("{value:.digits$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::super::report::tests::report;
    use super::*;

    #[test]
    fn times_have_a_unit_that_suits_them() {
        let shown = [0.0, 12.34, 1_500.0, 45_678.0, 1_000_000.0, 5e9].map(duration);
        assert_eq!(shown, ["0 ns", "12.3 ns", "1.50 us", "45.7 us", "1 ms", "5 s"]);
    }

    #[test]
    fn both_sides_their_gaps_and_causes_are_shown() {
        let text = render(&report());
        for part in [
            "Noise on CPU 1",
            "native",
            "LWK",
            "99.99 %",
            "another task on the CPU",
            "LWK / native: worst 0.50",
            "interrupts: LOC",
            "VM exits to the VMM",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
    }
}

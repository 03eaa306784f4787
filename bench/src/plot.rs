//! Two drawings: how the LWK compares, and how far the rounds agree.
//!
//! Both have one row a benchmark and an axis of ratios by powers of two, so that twice as fast and half as fast lie
//! equally far from 1.

use std::ops::Range;
use std::path::Path;

use anyhow::Result;
use bench::statistics::Summary;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use crate::comparison::Comparison;
use crate::unit::Times;

/// A drawing by its file's name.
pub(crate) type Drawing = (&'static str, fn(&[&Comparison], &Path) -> Result<()>);

/// All drawings.
pub(crate) const ALL: [Drawing; 2] = [("ratio.svg", ratios), ("rounds.svg", rounds)];

const WIDTH: u32 = 900;
const ROW_HEIGHT: u32 = 34;
/// Title, axis and its label.
const FRAME_HEIGHT: u32 = 110;
const NAMES_WIDTH: i32 = 270;
const FONT: &str = "sans-serif";
const NATIVE: RGBColor = RGBColor(110, 110, 110);
const FASTER: RGBColor = RGBColor(31, 119, 180);
const SLOWER: RGBColor = RGBColor(214, 96, 77);

type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// A bar a benchmark: how many times as long as Linux the LWK takes.
fn ratios(comparisons: &[&Comparison], file: &Path) -> Result<()> {
    let values = compared(comparisons).map(|(_, _, ratio)| ratio.median);
    let root = SVGBackend::new(file, size(comparisons)).into_drawing_area();
    let title = "Time on the LWK / time on native Linux (left of 1: the LWK is faster)";
    let mut chart = frame(&root, title, comparisons, values)?;
    for (row, _, ratio) in compared(comparisons) {
        let ratio = ratio.median;
        let color = if ratio > 1.0 { SLOWER } else { FASTER };
        let corners = [(0.0, row - 0.3), (ratio.log2(), row + 0.3)];
        chart.draw_series([Rectangle::new(corners, color.filled())])?;
        let label = Text::new(Times(ratio).to_string(), (6, -7), (FONT, 14));
        chart.draw_series([EmptyElement::at((ratio.log2().max(0.0), row)) + label])?;
    }
    Ok(root.present()?)
}

/// A dot a round and side: the time, relative to the median on Linux.
fn rounds(comparisons: &[&Comparison], file: &Path) -> Result<()> {
    let root = SVGBackend::new(file, size(comparisons)).into_drawing_area();
    let title = "Time of each round / native Linux's median (grey: native, blue: LWK)";
    let mut chart = frame(&root, title, comparisons, compared(comparisons).flat_map(|(_, sides, _)| sides).flatten())?;
    for (row, sides, _) in compared(comparisons) {
        for (times, (offset, color)) in sides.iter().zip([(0.15, NATIVE), (-0.15, FASTER)]) {
            let dots = times.iter().map(|time| Circle::new((time.log2(), row + offset), 4, color.mix(0.6).filled()));
            chart.draw_series(dots)?;
        }
    }
    Ok(root.present()?)
}

/// Title, names and axis; a line at 1.
fn frame<'a, 'b>(
    root: &DrawingArea<SVGBackend<'b>, plotters::coord::Shift>,
    title: &str,
    comparisons: &[&Comparison],
    values: impl Iterator<Item = f64>,
) -> Result<Chart<'a, 'b>>
where
    'b: 'a,
{
    root.fill(&WHITE)?;
    let range = exponents(values);
    let left = range.start;
    let height = f64::from(u32::try_from(comparisons.len())?);
    let mut chart = ChartBuilder::on(root)
        .caption(title, (FONT, 18))
        .margin(12)
        .margin_left(NAMES_WIDTH)
        .x_label_area_size(34)
        .build_cartesian_2d(range, 0.0..height)?;
    let mut mesh = chart.configure_mesh();
    mesh.disable_y_mesh().max_light_lines(1).y_labels(0).x_label_formatter(&|exponent| ratio(*exponent)).draw()?;
    chart.draw_series([PathElement::new([(0.0, 0.0), (0.0, height)], BLACK)])?;
    chart.draw_series(rows(comparisons).map(|(row, comparison)| {
        EmptyElement::at((left, row)) + Text::new(comparison.title, (10 - NAMES_WIDTH, -7), (FONT, 14))
    }))?;
    Ok(chart)
}

/// Those that are compared with something: the height of the row's middle, each side's rounds relative to the
/// reference's median, and the ratio.
fn compared<'a>(comparisons: &[&'a Comparison]) -> impl Iterator<Item = (f64, [Vec<f64>; 2], &'a Summary)> {
    rows(comparisons).filter_map(|(row, comparison)| {
        let reference = comparison.reference.as_ref()?;
        let relative = |side: &Summary| side.rounds.iter().map(|figure| figure / reference.median).collect();
        Some((row, [relative(reference), relative(&comparison.lwk)], comparison.ratio.as_ref()?))
    })
}

/// The benchmarks from top to bottom, each with the height of its row's middle.
fn rows<'a>(comparisons: &[&'a Comparison]) -> impl Iterator<Item = (f64, &'a Comparison)> {
    (0_u32..).map(|row| f64::from(row) + 0.5).zip(comparisons.iter().rev().copied())
}

fn size(comparisons: &[&Comparison]) -> (u32, u32) {
    let rows = u32::try_from(comparisons.len()).unwrap_or_default();
    (WIDTH, FRAME_HEIGHT + ROW_HEIGHT * rows)
}

/// Powers of two that the values lie between, 1/2 to 2 at least.
fn exponents(values: impl Iterator<Item = f64>) -> Range<f64> {
    let (least, most) = values.map(f64::log2).fold((-1.0, 1.0), |(least, most): (f64, f64), exponent| {
        (least.min(exponent.floor()), most.max(exponent.ceil()))
    });
    least..most
}

fn ratio(exponent: f64) -> String {
    let digits = if exponent.fract() == 0.0 { 0 } else { 2 };
    if exponent < 0.0 { format!("1/{:.digits$}", (-exponent).exp2()) } else { format!("{:.digits$}", exponent.exp2()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Figure;
    use bench::catalogue;

    #[test]
    fn the_axis_covers_the_values_and_1() {
        assert_eq!(exponents([1.0].into_iter()), -1.0..1.0);
        assert_eq!(exponents([0.1, 5.0].into_iter()), -4.0..3.0);
    }

    #[test]
    fn ratios_below_1_are_shown_as_fractions() {
        assert_eq!(ratio(-6.0), "1/64");
        assert_eq!(ratio(0.0), "1");
        assert_eq!(ratio(0.5), "1.41");
    }

    #[test]
    fn drawings_name_each_benchmark() {
        let folder = tempfile::tempdir().unwrap();
        let comparisons: Vec<Comparison> = catalogue::all()
            .map(|benchmark| {
                let figures = [200.0, 900.0].map(|median| Figure { median, best: 100.0, checksum: 0 });
                Comparison::new(benchmark, &figures, &figures).unwrap()
            })
            .collect();
        for (name, draw) in ALL {
            let file = folder.path().join(name);
            draw(&comparisons.iter().collect::<Vec<_>>(), &file).unwrap();
            let drawn = std::fs::read_to_string(&file).unwrap();
            for benchmark in catalogue::all() {
                assert!(drawn.contains(benchmark.title), "{name} lacks {}", benchmark.title);
            }
        }
    }
}

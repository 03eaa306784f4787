//! The drawing: for each length of work the excess over time, and how many quanta exceed what.
//!
//! Both axes of excess are logarithmic: a microsecond and a hundred milliseconds are to be seen in the same drawing.

use std::error::Error;
use std::ops::Range;

use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use super::plan::{Side, float};
use super::report::{Quantum, Report};
use super::text::duration;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;
type Drawn = Result<(), Box<dyn Error>>;

const WIDTH: u32 = 1300;
const ROW_HEIGHT: u32 = 380;
const FONT: &str = "sans-serif";
const NATIVE: RGBColor = RGBColor(110, 110, 110);
const LWK: RGBColor = RGBColor(31, 119, 180);
/// The smallest excess that is drawn, in nanoseconds: below is no noise, and zero has no logarithm.
const LEAST: f64 = 10.0;

/// The drawing as SVG.
pub(super) fn draw(report: &Report) -> Result<String, Box<dyn Error>> {
    let mut drawn = String::new();
    {
        let rows = u32::try_from(report.quanta.len())?.max(1);
        let root = SVGBackend::with_string(&mut drawn, (WIDTH, ROW_HEIGHT * rows)).into_drawing_area();
        root.fill(&WHITE)?;
        for (area, quantum) in root.split_evenly((rows as usize, 1)).iter().zip(&report.quanta) {
            let (left, right) = area.split_horizontally(WIDTH / 2);
            over_time(&left, quantum, report)?;
            distribution(&right, quantum)?;
        }
        root.present()?;
    }
    Ok(drawn)
}

fn over_time(area: &Area<'_>, quantum: &Quantum, report: &Report) -> Drawn {
    let seconds = quantum.samples.both().into_iter().flat_map(|(_, samples)| &samples.over_time);
    let end = seconds.map(|(at, _)| *at).fold(float(2 * report.rounds * report.slice) / 1e9, f64::max);
    let title = format!("Quanta of {}: worst excess over time", duration(float(quantum.length)));
    let mut chart = frame(area, title).build_cartesian_2d(0.0..end, exponents(quantum))?;
    chart.configure_mesh().x_desc("seconds").y_label_formatter(&|at| power(*at)).max_light_lines(1).draw()?;
    for (side, samples) in quantum.samples.both() {
        let style = color(side).mix(0.7).filled();
        let dots = samples.over_time.iter().map(|(at, excess)| Circle::new((*at, exponent(*excess)), 2, style));
        let drawn = chart.draw_series(dots)?.label(side.name());
        drawn.legend(move |(left, middle)| Circle::new((left + 10, middle), 4, color(side).filled()));
    }
    legend(&mut chart)
}

fn distribution(area: &Area<'_>, quantum: &Quantum) -> Drawn {
    let shares = quantum.samples.both().into_iter().flat_map(|(_, samples)| &samples.shares);
    let least = shares.map(|(share, _)| share.log10().floor()).fold(-1.0, f64::min);
    let title = "Share of the quanta that take longer than the fastest by ...".to_owned();
    let mut chart = frame(area, title).build_cartesian_2d(exponents(quantum), least..0.0)?;
    chart
        .configure_mesh()
        .x_label_formatter(&|at| power(*at))
        .y_label_formatter(&|at| share(*at))
        .max_light_lines(1)
        .draw()?;
    for (side, samples) in quantum.samples.both() {
        let points = samples.shares.iter().map(|(share, excess)| (exponent(*excess), share.log10()));
        let drawn = chart.draw_series(LineSeries::new(points, color(side).stroke_width(2)))?.label(side.name());
        drawn.legend(move |(left, middle)| {
            PathElement::new([(left, middle), (left + 20, middle)], color(side).stroke_width(2))
        });
    }
    legend(&mut chart)
}

fn frame<'a, 'b>(area: &'a Area<'b>, title: String) -> ChartBuilder<'a, 'b, SVGBackend<'b>> {
    let mut chart = ChartBuilder::on(area);
    chart.caption(title, (FONT, 16)).margin(12).margin_right(28).x_label_area_size(40).y_label_area_size(64);
    chart
}

fn legend<'b: 'a, 'a>(chart: &mut Chart<'a, 'b>) -> Drawn {
    let mut labels = chart.configure_series_labels();
    labels.position(SeriesLabelPosition::LowerLeft).label_font((FONT, 13));
    Ok(labels.background_style(WHITE.mix(0.8)).border_style(BLACK).draw()?)
}

const fn color(side: Side) -> RGBColor {
    match side {
        Side::Native => NATIVE,
        Side::Lwk => LWK,
    }
}

fn exponent(excess: f64) -> f64 {
    excess.max(LEAST).log10()
}

/// Powers of ten that all excess of both sides lies between.
fn exponents(quantum: &Quantum) -> Range<f64> {
    let excess = quantum.samples.both().into_iter().flat_map(|(_, samples)| &samples.shares);
    let most = excess.map(|(_, excess)| exponent(*excess).ceil()).fold(LEAST.log10() + 1.0, f64::max);
    LEAST.log10()..most
}

/// The name of an axis' mark, which is the logarithm of nanoseconds.
fn power(exponent: f64) -> String {
    if exponent.fract() == 0.0 { duration(exp10(exponent)) } else { String::new() }
}

/// The name of an axis' mark, which is the logarithm of a share.
fn share(exponent: f64) -> String {
    if exponent.fract() == 0.0 { format!("{} %", exp10(exponent + 2.0)) } else { String::new() }
}

fn exp10(exponent: f64) -> f64 {
    10_f64.powf(exponent)
}

#[cfg(test)]
mod tests {
    use super::super::report::tests::report;
    use super::*;

    #[test]
    fn marks_have_names_at_whole_powers_only() {
        assert_eq!([3.0, 3.5, 6.0].map(power), ["1 us", "", "1 ms"]);
        assert_eq!([0.0, -0.5, -2.0].map(share), ["100 %", "", "1 %"]);
    }

    #[test]
    fn each_length_of_work_has_a_row_with_both_sides() {
        let drawn = draw(&report()).expect("drawn");
        assert!(drawn.starts_with("<svg") && drawn.trim_end().ends_with("</svg>"));
        for part in ["Quanta of 10 us", "native", "LWK", "circle", "polyline"] {
            assert!(drawn.contains(part), "{part}");
        }
    }
}

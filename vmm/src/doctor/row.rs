//! One line of the examination.

use serde::Serialize;

/// What a row means for partitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// Partitions run, but something could be better.
    Warn,
    /// No partition can run.
    Fail,
}

/// A figure that was measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// The figure.
    pub value: f64,
    /// Its unit.
    pub unit: &'static str,
}

/// One thing that was examined.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// What was examined.
    pub name: &'static str,
    /// What was found.
    pub value: String,
    /// What it means.
    pub verdict: Verdict,
    /// What to do about it.
    pub advice: String,
    /// The figure, where one was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measured: Option<Measured>,
}

impl Row {
    /// A row about which nothing needs to be done.
    pub(super) fn ok(name: &'static str, value: impl Into<String>) -> Self {
        Self::new(name, value, Verdict::Ok, "nothing")
    }

    /// A row about something that could be better.
    pub(super) fn warn(name: &'static str, value: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(name, value, Verdict::Warn, advice)
    }

    /// A row about something without which no partition can run.
    pub(super) fn fail(name: &'static str, value: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(name, value, Verdict::Fail, advice)
    }

    /// A row with a time in nanoseconds, of which more than `limit` is a warning with `advice`.
    pub(super) fn time(name: &'static str, nanoseconds: f64, limit: f64, advice: &str) -> Self {
        let value = duration(nanoseconds);
        let row = if nanoseconds > limit { Self::warn(name, value, advice) } else { Self::ok(name, value) };
        Self { measured: Some(Measured { value: nanoseconds, unit: "ns" }), ..row }
    }

    fn new(name: &'static str, value: impl Into<String>, verdict: Verdict, advice: impl Into<String>) -> Self {
        Self { name, value: value.into(), verdict, advice: advice.into(), measured: None }
    }
}

fn duration(nanoseconds: f64) -> String {
    match nanoseconds {
        ..10.0 => format!("{nanoseconds:.2} ns"),
        10.0..1e3 => format!("{nanoseconds:.0} ns"),
        1e3..1e6 => format!("{:.1} us", nanoseconds / 1e3),
        _ => format!("{:.1} ms", nanoseconds / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit_that_suits_them() {
        let shown = [0.25, 11.0, 1300.0, 4_600_000.0].map(duration);
        assert_eq!(shown, ["0.25 ns", "11 ns", "1.3 us", "4.6 ms"]);
    }

    #[test]
    fn a_time_over_its_limit_is_a_warning() {
        assert_eq!(Row::time("x", 10.0, 10.0, "y").verdict, Verdict::Ok);
        let slow = Row::time("x", 11.0, 10.0, "y");
        assert_eq!((slow.verdict, slow.advice.as_str()), (Verdict::Warn, "y"));
    }
}

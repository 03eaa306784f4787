//! Times, sizes and ratios as people read them, with three digits or so.

use std::fmt;

use bench::catalogue::Method;
use serde::Serialize;

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Unit {
    /// Time.
    Nanoseconds,
    /// Memory.
    Bytes,
}

impl Unit {
    /// Of what a method measures.
    pub(crate) fn of(method: Method) -> Self {
        match method {
            Method::Footprint => Self::Bytes,
            Method::Start | Method::Redis | Method::Guest(_) => Self::Nanoseconds,
        }
    }

    /// A figure in the larger unit that fits.
    pub(crate) fn show(self, figure: f64) -> String {
        let (value, unit) = match self {
            Self::Nanoseconds => match figure {
                time if time < 1e3 => (time, "ns"),
                time if time < 1e6 => (time / 1e3, "us"),
                time if time < 1e9 => (time / 1e6, "ms"),
                time => (time / 1e9, "s"),
            },
            Self::Bytes => (figure / f64::from(1 << 20), "MiB"),
        };
        format!("{} {unit}", Times(value))
    }
}

/// How many times one figure is of another, shown with two digits at least.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times(pub(crate) f64);

impl fmt::Display for Times {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = match self.0 {
            tiny if tiny < 0.01 => 4,
            small if small < 0.1 => 3,
            middle if middle < 10.0 => 2,
            large if large < 100.0 => 1,
            _ => 0,
        };
        to.pad(&format!("{:.digits$}", self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_keep_three_digits_in_the_unit_that_fits() {
        let cases =
            [(1.234, "1.23 ns"), (95.89, "95.9 ns"), (1402.4, "1.40 us"), (48_167_907.0, "48.2 ms"), (2e9, "2.00 s")];
        for (time, shown) in cases {
            assert_eq!(Unit::Nanoseconds.show(time), shown);
        }
        assert_eq!(Unit::Bytes.show(12_582_912.0), "12.0 MiB");
    }

    #[test]
    fn ratios_far_below_1_keep_their_digits() {
        let shown = [188.4, 17.34, 1.734, 0.5, 0.0571, 0.00213].map(|ratio| Times(ratio).to_string());
        assert_eq!(shown, ["188", "17.3", "1.73", "0.50", "0.057", "0.0021"]);
    }
}

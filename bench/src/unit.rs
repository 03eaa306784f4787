//! Times and ratios as people read them.

use std::fmt;

/// A time in nanoseconds, shown with three digits or so in the unit that fits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nanoseconds(pub(crate) f64);

impl fmt::Display for Nanoseconds {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (value, unit) = match self.0 {
            time if time < 1e3 => (time, "ns"),
            time if time < 1e6 => (time / 1e3, "us"),
            time if time < 1e9 => (time / 1e6, "ms"),
            time => (time / 1e9, "s"),
        };
        let digits = match value {
            small if small < 10.0 => 2,
            middle if middle < 100.0 => 1,
            _ => 0,
        };
        to.pad(&format!("{value:.digits$} {unit}"))
    }
}

/// How many times as fast something is, shown with two digits at least.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times(pub(crate) f64);

impl fmt::Display for Times {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = match self.0 {
            tiny if tiny < 0.01 => 4,
            small if small < 0.1 => 3,
            _ => 2,
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
            assert_eq!(Nanoseconds(time).to_string(), shown);
        }
    }

    #[test]
    fn ratios_far_below_1_keep_their_digits() {
        let shown = [1.734, 0.5, 0.0571, 0.00213].map(|ratio| Times(ratio).to_string());
        assert_eq!(shown, ["1.73", "0.50", "0.057", "0.0021"]);
    }
}

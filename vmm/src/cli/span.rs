//! Lengths of time as people write them: `60s`, `1ms`, `10us`.
//!
//! As with [`Size`](super::Size) only the plain form is taken, a whole number and a unit: a measurement whose length
//! was guessed at is not repeated by anybody.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A length of time greater than zero, in whole nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(u64);

/// Why a text is not a [`Span`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpanError {
    /// Not digits with one unit.
    #[error("'{0}' is not a length of time; write a whole number and ns, us, ms, s or m, as in 10us or 60s")]
    Malformed(String),
    /// No time at all.
    #[error("the length of time is 0; write more, as in 10us or 60s")]
    Zero,
    /// More than 64 bits of nanoseconds.
    #[error("'{0}' is longer than 500 years; write less")]
    TooLong(String),
}

/// Units and their nanoseconds; those that end in another's name come first.
const UNITS: [(&str, u64); 5] =
    [("ns", 1), ("us", 1000), ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000)];

impl Span {
    /// The length of `nanoseconds`, or `None` for zero.
    #[must_use]
    pub const fn from_nanoseconds(nanoseconds: u64) -> Option<Self> {
        match nanoseconds {
            0 => None,
            _ => Some(Self(nanoseconds)),
        }
    }

    /// The length in nanoseconds.
    #[must_use]
    pub const fn nanoseconds(self) -> u64 {
        self.0
    }

    /// The length for the standard library.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_nanos(self.0)
    }
}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let malformed = || SpanError::Malformed(text.to_owned());
        let unit = UNITS.iter().find_map(|(name, size)| Some((text.strip_suffix(name)?, size)));
        let (digits, size) = unit.ok_or_else(malformed)?;
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(malformed());
        }
        let too_long = || SpanError::TooLong(text.to_owned());
        let count: u64 = digits.parse().map_err(|_| too_long())?;
        Self::from_nanoseconds(count.checked_mul(*size).ok_or_else(too_long)?).ok_or(SpanError::Zero)
    }
}

impl fmt::Display for Span {
    /// The shortest exact form that [`Span::from_str`] reads, in seconds at most.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fitting = UNITS[..4].iter().rev().find(|(_, size)| self.0.is_multiple_of(*size));
        let (name, size) = fitting.unwrap_or(&UNITS[0]);
        write!(f, "{}{name}", self.0 / size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<u64, SpanError> {
        text.parse().map(Span::nanoseconds)
    }

    #[test]
    fn units_are_understood() {
        assert_eq!(parse("7ns"), Ok(7));
        assert_eq!(parse("10us"), Ok(10_000));
        assert_eq!(parse("1ms"), Ok(1_000_000));
        assert_eq!(parse("60s"), Ok(60_000_000_000));
        assert_eq!(parse("2m"), Ok(120_000_000_000));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "60", "s", "-1s", "1.5s", "1 s", "1h", "1S", "1msec", "0x1s"] {
            assert_eq!(parse(text), Err(SpanError::Malformed(text.to_owned())));
        }
        assert_eq!(parse("0us"), Err(SpanError::Zero));
        assert_eq!(parse("99999999999999s"), Err(SpanError::TooLong("99999999999999s".to_owned())));
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(nanoseconds in 1..=u64::MAX, shift in 0..64u32) {
            let span = Span::from_nanoseconds((nanoseconds >> shift).max(1)).expect("not zero");
            prop_assert_eq!(span.to_string().parse(), Ok(span));
        }
    }
}

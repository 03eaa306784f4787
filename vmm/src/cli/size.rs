//! Amounts of memory as people write them: `512M`, `64G`.
//!
//! A typing error here decides how much memory a node gives away, so only the plain forms are taken: digits and at
//! most one unit. Fractions and signs are refused rather than guessed at.

use std::fmt;
use std::str::FromStr;

/// A number of bytes greater than zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(u64);

/// Why a text is not a [`Size`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SizeError {
    /// Not digits with at most one unit.
    #[error("'{0}' is not a size; write a whole number and K, M, G or T, as in 512M or 64G")]
    Malformed(String),
    /// Zero bytes.
    #[error("the size is 0; a partition needs memory, as in 1G")]
    Zero,
    /// More than 64 bits can count.
    #[error("'{0}' is more bytes than 64 bits can count; write a smaller size")]
    TooLarge(String),
}

const UNITS: [(char, u32); 4] = [('T', 40), ('G', 30), ('M', 20), ('K', 10)];

impl Size {
    /// The size of `bytes`, or `None` for zero.
    #[must_use]
    pub const fn from_bytes(bytes: u64) -> Option<Self> {
        match bytes {
            0 => None,
            _ => Some(Self(bytes)),
        }
    }

    /// The size in bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl FromStr for Size {
    type Err = SizeError;

    /// Parses digits with an optional unit of 1024, 1024², 1024³ or 1024⁴ bytes (`K`, `M`, `G`, `T`, either case).
    fn from_str(text: &str) -> Result<Self, SizeError> {
        let (digits, shift) = split_unit(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(SizeError::Malformed(text.to_owned()));
        }
        let too_large = || SizeError::TooLarge(text.to_owned());
        let count: u64 = digits.parse().map_err(|_| too_large())?;
        let bytes = count.checked_mul(1 << shift).ok_or_else(too_large)?;
        Self::from_bytes(bytes).ok_or(SizeError::Zero)
    }
}

fn split_unit(text: &str) -> (&str, u32) {
    for (unit, shift) in UNITS {
        if let Some(digits) = text.strip_suffix([unit, unit.to_ascii_lowercase()]) {
            return (digits, shift);
        }
    }
    (text, 0)
}

impl fmt::Display for Size {
    /// The shortest exact form that [`Size::from_str`] reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, shift) in UNITS {
            if self.0.trailing_zeros() >= shift {
                return write!(f, "{}{unit}", self.0 >> shift);
            }
        }
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<u64, SizeError> {
        text.parse().map(Size::bytes)
    }

    #[test]
    fn units_are_powers_of_1024() {
        assert_eq!(parse("4096"), Ok(4096));
        assert_eq!(parse("1K"), Ok(1 << 10));
        assert_eq!(parse("3m"), Ok(3 << 20));
        assert_eq!(parse("64G"), Ok(64 << 30));
        assert_eq!(parse("2t"), Ok(2 << 40));
    }

    #[test]
    fn zero_is_refused_in_every_unit() {
        for text in ["0", "00", "0K", "0T"] {
            assert_eq!(parse(text), Err(SizeError::Zero));
        }
    }

    #[test]
    fn overflow_is_refused() {
        for text in ["18446744073709551616", "16777216T", "99999999999999999999G"] {
            assert_eq!(parse(text), Err(SizeError::TooLarge(text.to_owned())));
        }
        assert_eq!(parse("16777215T"), Ok(16_777_215 << 40));
    }

    #[test]
    fn garbage_is_refused() {
        for text in ["", "G", "-1", "+1", "1.5G", "1GB", "1 G", " 1G", "0x10", "1GG", "١G", "K1"] {
            assert_eq!(parse(text), Err(SizeError::Malformed(text.to_owned())));
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(bytes in 1..=u64::MAX, shift in 0..64u32) {
            let size = Size::from_bytes((bytes >> shift).max(1)).expect("not zero");
            prop_assert_eq!(size.to_string().parse(), Ok(size));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".*") {
            let _ = text.parse::<Size>();
        }
    }
}

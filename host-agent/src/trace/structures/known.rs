//! How a structure is printed.

use std::fmt::{Result, Write};

/// Prints one structure from its bytes, at least as many as were asked for.
pub(super) type Printer = fn(&[u8], &mut dyn Write) -> Result;

/// How many there are.
#[derive(Clone, Copy)]
pub(super) enum Count {
    /// One, printed without brackets.
    One,
    /// An array of this length.
    Array(u64),
}

/// A structure that is worth reading.
#[derive(Clone, Copy)]
pub(super) struct Known {
    /// Bytes of one; fewer are not printed.
    pub(super) bytes: usize,
    pub(super) count: Count,
    pub(super) printer: Printer,
}

/// One structure of `bytes`.
pub(super) const fn one(bytes: usize, printer: Printer) -> Known {
    Known { bytes, count: Count::One, printer }
}

/// `count` structures of `bytes`.
pub(super) const fn array(bytes: usize, count: u64, printer: Printer) -> Known {
    Known { bytes, count: Count::Array(count), printer }
}

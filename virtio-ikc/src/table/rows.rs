//! The rows.

use super::call::Call;

/// All system calls of x86-64, by number.
pub const CALLS: &[Call] = &[];

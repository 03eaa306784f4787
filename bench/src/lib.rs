//! What the two programs of this package agree on.
//!
//! `bench` drives and compares; `bench-guest` is what it measures, an ordinary Linux program that knows nothing of the
//! LWK. The same executable runs on both sides, so whatever differs between two figures is the kernel's doing. All
//! they share is the list of benchmarks, the files that are laid out, and the lines in which a run reports.

pub mod catalogue;
pub mod line;
pub mod places;
pub mod statistics;

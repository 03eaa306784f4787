//! Plain execution: what an LWK must not slow down.

use super::{Benchmark, Kind};

/// Plain execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compute {
    /// Integer and floating-point arithmetic in registers.
    Arithmetic,
    /// A hash over memory that the nearest cache holds.
    Hashing,
    /// A product of matrices in AVX registers.
    Dgemm,
}

/// Steps of one operation of [`Compute::Arithmetic`].
pub const ARITHMETIC_STEPS: u64 = 100_000;

const fn guest(name: &'static str, title: &'static str, kind: Compute) -> Benchmark {
    Benchmark::guest(name, title, Kind::Compute(kind))
}

pub(super) const ALL: &[Benchmark] = &[
    guest("arithmetic", "arithmetic, 100,000 steps", Compute::Arithmetic).at_most(1.01),
    guest("hashing", "hashing 16 KiB", Compute::Hashing).at_most(1.01),
    guest("dgemm", "dgemm with AVX, 192 x 192", Compute::Dgemm).at_most(1.01),
];

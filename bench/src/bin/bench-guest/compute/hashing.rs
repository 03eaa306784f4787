//! A hash over memory that the first-level cache holds: integer execution with loads.

use std::hash::{DefaultHasher, Hasher};
use std::hint::black_box;

use anyhow::Result;
use bench::line::Report;

use crate::sampler::Sampler;

/// Half of a first-level cache.
const LENGTH: u32 = 16 << 10;

/// One operation hashes [`LENGTH`] bytes.
pub(crate) fn kernel(sampler: Sampler) -> Result<Report> {
    let bytes: Vec<u8> = (0..LENGTH).map(|at| at.wrapping_mul(0x9e37_79b1).to_be_bytes()[0]).collect();
    sampler.measure(1, || {
        let mut hasher = DefaultHasher::new();
        hasher.write(black_box(&bytes));
        Ok(hasher.finish())
    })
}

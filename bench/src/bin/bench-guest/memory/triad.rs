//! STREAM's triad (McCalpin): `a[i] = b[i] + s * c[i]`, over arrays that no cache holds. It is bound by the memory's
//! bandwidth, and by page-table walks where pages are small.

use anyhow::Result;
use bench::line::Report;

use crate::sampler::Sampler;

/// Times the last-level cache that each array is large, as STREAM's rules ask for.
const CACHES: usize = 4;
const FACTOR: f64 = 3.0;

/// One operation goes once over all three arrays, whose memory is warm because it has just been filled.
pub(crate) fn kernel(sampler: Sampler, cache: usize) -> Result<Report> {
    let length = CACHES * cache / size_of::<f64>();
    let first = vec![1.0; length];
    let second = vec![2.0; length];
    let mut sums = vec![0.5; length];
    sampler.measure(1, || {
        triad(&mut sums, &first, &second);
        Ok(sums[length / 2].to_bits())
    })
}

fn triad(sums: &mut [f64], first: &[f64], second: &[f64]) {
    for ((sum, first), second) in sums.iter_mut().zip(first).zip(second) {
        *sum = first + FACTOR * second;
    }
}

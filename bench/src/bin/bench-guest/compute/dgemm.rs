//! A product of matrices in vector registers, as it fills the hours of HPC programs.

use anyhow::{Result, ensure};
use bench::line::Report;

use crate::arch::vector;
use crate::sampler::Sampler;

/// Rows and columns: three matrices of 288 KiB stay in a core's second-level cache.
const ORDER: usize = 192;

/// One operation is a product of two matrices of [`ORDER`] x [`ORDER`].
pub(crate) fn kernel(sampler: Sampler) -> Result<Report> {
    ensure!(vector::present(), "this kernel shows its programs no AVX2 and FMA");
    let left = matrix(3);
    let right = matrix(7);
    let mut product = vec![0.0; ORDER * ORDER];
    sampler.measure(1, || {
        vector::multiply(ORDER, &left, &right, &mut product);
        Ok(product[ORDER * ORDER / 2 + 1].to_bits())
    })
}

/// Small whole numbers in a pattern.
fn matrix(step: usize) -> Vec<f64> {
    (0..ORDER * ORDER).map(|at| f64::from(u8::try_from(at * step % 17).unwrap_or_default())).collect()
}

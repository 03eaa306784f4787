//! Arithmetic in registers: no memory, no call. Any difference between two kernels is noise, or time taken from the
//! program by interrupts and traps.

use std::hint::black_box;

use anyhow::Result;
use bench::catalogue::ARITHMETIC_STEPS;
use bench::line::Report;

use crate::sampler::Sampler;

/// One operation is [`ARITHMETIC_STEPS`] steps.
pub(crate) fn kernel(sampler: Sampler) -> Result<Report> {
    sampler.measure(1, || Ok(steps(black_box(ARITHMETIC_STEPS))))
}

/// A chain of integer multiplications beside one of floating-point additions and multiplications; each step needs the
/// one before it.
fn steps(count: u64) -> u64 {
    let mut integer = 1_u64;
    let mut real = 1.0_f64;
    for _ in 0..count {
        integer = integer.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        integer ^= integer >> 29;
        real = real * 0.999_999 + 0.5;
    }
    integer ^ real.to_bits()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_result_depends_on_every_step() {
        assert_eq!(steps(1000), steps(1000));
        assert_ne!(steps(1000), steps(1001));
    }
}

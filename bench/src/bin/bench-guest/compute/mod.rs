//! Plain execution: no call and no fault. Any difference between two kernels is noise, or time taken from the program
//! by interrupts and traps, or a register that a kernel is slow to give.

mod arithmetic;
mod dgemm;
mod hashing;

use anyhow::Result;
use bench::catalogue::Compute;
use bench::line::Report;

use crate::sampler::Sampler;

/// Measures this kind of execution.
pub(crate) fn measure(kind: Compute, sampler: Sampler) -> Result<Report> {
    match kind {
        Compute::Arithmetic => arithmetic::kernel(sampler),
        Compute::Hashing => hashing::kernel(sampler),
        Compute::Dgemm => dgemm::kernel(sampler),
    }
}

//! System calls that move no data: what remains is the way into the kernel and back.

use std::hint::black_box;
use std::time::Instant;

use anyhow::Result;
use bench::line::Report;

use crate::arch::clock;
use crate::sampler::Sampler;

/// getppid(2). The answer differs from run to run; that there is one is what counts.
pub(crate) fn getppid(sampler: Sampler) -> Result<Report> {
    sampler.measure(1, || Ok(u64::from(rustix::process::getppid().is_some())))
}

/// clock_gettime(2) as the C library does it.
pub(crate) fn clock_vdso(sampler: Sampler) -> Result<Report> {
    sampler.measure(1, || {
        black_box(Instant::now());
        Ok(0)
    })
}

/// clock_gettime(2) past the vDSO.
pub(crate) fn clock_call(sampler: Sampler) -> Result<Report> {
    sampler.measure(1, || {
        black_box(clock::monotonic()?);
        Ok(0)
    })
}

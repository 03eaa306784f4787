//! Fresh anonymous memory: mmap(2), a write to every 4 KiB of it, munmap(2). It is what allocators do all day, and
//! where zeroing and page faults are paid.

use anyhow::Result;
use bench::line::Report;

use crate::arch::fresh_memory;
use crate::sampler::Sampler;

/// Of `length` bytes.
pub(crate) fn pages(sampler: Sampler, length: usize) -> Result<Report> {
    sampler.measure(1, || Ok(fresh_memory::touch(length)?))
}

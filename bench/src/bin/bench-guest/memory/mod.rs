//! Memory: its speed, and the calls and faults that give it.

mod chain;
mod order;
mod storm;
mod triad;

use anyhow::Result;
use bench::catalogue::Memory;
use bench::line::Report;

use crate::arch::reservation::Reservation;
use crate::arch::{fresh_memory, program_break};
use crate::sampler::Sampler;

/// Pieces in which allocators move the break.
const BREAK_STEP: usize = 128 << 10;
const BREAK_STEPS: usize = (16 << 20) / BREAK_STEP;

/// Far more than is touched: no kernel would give memory for all of it.
const RESERVED: usize = 1 << 40;
const PIECES: u64 = 32;
const PIECE: usize = 2 << 20;

/// Measures this use of memory; `cache` is the size of the last-level cache in bytes.
pub(crate) fn measure(kind: Memory, sampler: Sampler, cache: usize) -> Result<Report> {
    match kind {
        Memory::RandomReads => chain::random_reads(sampler),
        Memory::Triad => triad::kernel(sampler, cache),
        Memory::TouchLarge => touch(sampler, 64 << 20),
        Memory::TouchPage => touch(sampler, 4096),
        Memory::Storm => storm::threads(sampler),
        Memory::Growth => sampler.measure(1, || Ok(program_break::grow_and_shrink(BREAK_STEPS, BREAK_STEP)?)),
        Memory::Lazy => lazy(sampler),
    }
}

/// Fresh anonymous memory: mmap(2), a write to every 4 KiB of it, munmap(2). It is what allocators do all day, and
/// where zeroing and page faults are paid.
fn touch(sampler: Sampler, length: usize) -> Result<Report> {
    sampler.measure(1, || Ok(fresh_memory::touch(length)?))
}

/// The faults of a reservation, without the calls that make and end it.
fn lazy(sampler: Sampler) -> Result<Report> {
    let touched = PIECE * usize::try_from(PIECES)?;
    let reserve = || Ok(Reservation::new(RESERVED)?);
    sampler.measure_prepared(PIECES, reserve, |reservation| Ok(reservation.touch(touched)))
}

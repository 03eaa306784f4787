//! Allocations and releases by several threads at once, of sizes from a few bytes to hundreds of KiB, in no order: what
//! programs in C++ do to malloc(3), and malloc(3) to the kernel.

use anyhow::Result;
use bench::line::Report;

use crate::sampler::Sampler;
use crate::team;

const THREADS: usize = 4;
/// Live allocations of a thread.
const SLOTS: usize = 256;
/// Replacements in one call, of each thread.
const REPLACEMENTS: u32 = 2000;
/// Largest size by powers of two: 256 KiB.
const LARGEST_LOG2: u32 = 18;
/// One byte of each of these is written.
const PAGE: usize = 4096;

/// One operation is a release and an allocation whose pages are written to.
pub(crate) fn threads(sampler: Sampler) -> Result<Report> {
    let operations = THREADS as u64 * u64::from(REPLACEMENTS);
    team::measure(sampler, THREADS, operations, |number| Ok(storm(number as u64 + 1)))
}

/// Gives the sum of the sizes.
fn storm(seed: u64) -> u64 {
    let mut numbers = seed;
    let mut slots = vec![Vec::new(); SLOTS];
    let mut total = 0;
    for _ in 0..REPLACEMENTS {
        let number = next(&mut numbers);
        let size = size_of(number);
        slots[(number >> 48) as usize % SLOTS] = filled(size);
        total += size as u64;
    }
    total
}

/// An allocation of `size` bytes, a byte of each page of which is written.
fn filled(size: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(size);
    for page in bytes.spare_capacity_mut().chunks_mut(PAGE) {
        page[0].write(1);
    }
    std::hint::black_box(&mut bytes);
    bytes
}

/// Each power of two is as frequent as the next, from 16 bytes on.
fn size_of(number: u64) -> usize {
    let log2 = 4 + (number >> 32) % u64::from(LARGEST_LOG2 - 4);
    let within = number & ((1 << log2) - 1);
    usize::try_from((1 << log2) + within).unwrap_or_default()
}

/// Marsaglia's xorshift.
fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    state.wrapping_mul(0x2545_f491_4f6c_dd1d)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_asks_for_the_same_memory() {
        assert_eq!(storm(1), storm(1));
        assert_ne!(storm(1), storm(2));
    }

    #[test]
    fn sizes_lie_between_16_bytes_and_256_kib() {
        let mut numbers = 9;
        for _ in 0..10_000 {
            assert!((16..=256 << 10).contains(&size_of(next(&mut numbers))));
        }
    }
}

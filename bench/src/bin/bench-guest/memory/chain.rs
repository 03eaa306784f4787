//! Dependent random reads over 1 GiB: every read's address comes out of the one before it, so neither the processor
//! nor a prefetcher can run ahead. At this size nearly each read misses the TLB and the caches, and what differs
//! between two kernels is the length of the page-table walk, that is the size of the pages behind the memory.

use anyhow::Result;
use bench::line::Report;

use super::order::Order;
use crate::sampler::Sampler;

/// 2^24 lines of 64 bytes are 1 GiB.
const LINES_LOG2: u32 = 24;
const WORDS_PER_LINE: usize = 8;
const READS_PER_CALL: u64 = 1024;

/// Reads along the chain, whose memory is warm because it has just been filled.
pub(crate) fn random_reads(sampler: Sampler) -> Result<Report> {
    let chain = fill(LINES_LOG2);
    let mut place = 0;
    sampler.measure(READS_PER_CALL, || {
        for _ in 0..READS_PER_CALL {
            place = chain[place];
        }
        Ok(place as u64)
    })
}

/// The first word of each line holds the place of the line that comes after it.
fn fill(lines_log2: u32) -> Vec<usize> {
    let order = Order::new(lines_log2);
    let mut chain = vec![0; WORDS_PER_LINE << lines_log2];
    for (line, words) in (0..).zip(chain.chunks_exact_mut(WORDS_PER_LINE)) {
        words[0] = order.after(line) as usize * WORDS_PER_LINE;
    }
    chain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chain_visits_every_line_once_and_returns() {
        let chain = fill(10);
        let mut place = 0;
        for step in 1..=1024 {
            place = chain[place];
            assert_eq!(place % WORDS_PER_LINE, 0);
            assert_eq!(place == 0, step == 1024, "step {step}");
        }
    }
}

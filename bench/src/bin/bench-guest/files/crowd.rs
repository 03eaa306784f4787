//! Many threads that read at once: whether calls to Linux queue up behind each other, or behind the threads that serve
//! them.

use std::path::Path;

use anyhow::Result;
use bench::line::Report;

use super::pread::{self, HOT};
use crate::sampler::Sampler;
use crate::team;

const THREADS: usize = 64;
/// Reads of each thread in one call, against which the team's gate is cheap.
const READS: u64 = 32;
const LENGTH: usize = 4096;

/// One operation is one pread(2) of 4 KiB by one of the threads.
pub(super) fn pread(sampler: Sampler, path: &Path) -> Result<Report> {
    let file = pread::open(path)?;
    team::measure(sampler, THREADS, THREADS as u64 * READS, |number| {
        let mut buffer = vec![0_u8; LENGTH];
        let places = (number as u64..).map(|place| place * LENGTH as u64 % HOT).take(usize::try_from(READS)?);
        places.map(|offset| pread::read(&file, &mut buffer, offset)).sum()
    })
}

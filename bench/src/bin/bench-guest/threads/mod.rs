//! Threads of one process: how they begin, wait for each other and end.

mod wake;

use std::sync::Barrier;
use std::thread;

use anyhow::{Result, anyhow};
use bench::catalogue::Threads;
use bench::line::Report;

use crate::sampler::Sampler;
use crate::team;

const AT_BARRIER: usize = 8;
/// Passages in one call, against which the team's own gate is cheap.
const PASSAGES: u64 = 64;

/// Measures this.
pub(crate) fn measure(kind: Threads, sampler: Sampler) -> Result<Report> {
    match kind {
        Threads::Create => create(sampler),
        Threads::Wake => wake::one_cpu(sampler),
        Threads::WakeAcross => wake::two_cpus(sampler),
        Threads::Barrier => barrier(sampler),
    }
}

/// One operation is a thread that does nothing, from its creation until it is joined.
fn create(sampler: Sampler) -> Result<Report> {
    sampler.measure(1, || thread::spawn(|| 7).join().map_err(|_| anyhow!("the thread panicked")))
}

/// One operation is a barrier that all threads have passed.
fn barrier(sampler: Sampler) -> Result<Report> {
    let barrier = Barrier::new(AT_BARRIER);
    team::measure(sampler, AT_BARRIER, PASSAGES, |_| {
        let leads = (0..PASSAGES).map(|_| u64::from(barrier.wait().is_leader()));
        Ok(leads.sum())
    })
}

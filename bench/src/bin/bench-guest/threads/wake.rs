//! futex(2): two threads of which one sleeps while the other wakes it.
//!
//! They pass a turn back and forth; neither spins, so every passing is a sleep and a wake-up.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use anyhow::{Result, ensure};
use bench::line::Report;
use rustix::io::Errno;
use rustix::thread::futex::{self, Flags};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::sampler::Sampler;

/// Whose turn it is.
const OURS: u32 = 0;
const THEIRS: u32 = 1;
const NOBODYS: u32 = 2;

/// Of one call: there and back.
const WAKEUPS: u64 = 2;

/// Both threads where they were started.
pub(super) fn one_cpu(sampler: Sampler) -> Result<Report> {
    between(sampler, || Ok(()))
}

/// Each thread on a CPU of its own.
pub(super) fn two_cpus(sampler: Sampler) -> Result<Report> {
    let allowed = sched_getaffinity(None)?;
    let cpus: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|cpu| allowed.is_set(*cpu)).collect();
    ensure!(cpus.len() >= 2, "there is one CPU only");
    pin(cpus[0])?;
    between(sampler, || pin(cpus[1]))
}

fn pin(cpu: usize) -> Result<()> {
    let mut only = CpuSet::new();
    only.set(cpu);
    Ok(sched_setaffinity(None, &only)?)
}

/// One operation is one wake-up; `settle` is called in the second thread first.
fn between(sampler: Sampler, settle: impl FnOnce() -> Result<()> + Send) -> Result<Report> {
    let turn = AtomicU32::new(OURS);
    thread::scope(|scope| {
        let partner = scope.spawn(|| {
            let settled = settle();
            answer(&turn)?;
            settled
        });
        let report = sampler.measure(WAKEUPS, || {
            give(&turn, THEIRS)?;
            wait_while(&turn, THEIRS)?;
            Ok(1)
        });
        give(&turn, NOBODYS)?;
        partner.join().unwrap_or_else(|_| Err(anyhow::anyhow!("the partner panicked")))?;
        report
    })
}

/// Gives every turn back.
fn answer(turn: &AtomicU32) -> Result<()> {
    loop {
        wait_while(turn, OURS)?;
        if turn.load(Ordering::Acquire) == NOBODYS {
            return Ok(());
        }
        give(turn, OURS)?;
    }
}

fn give(turn: &AtomicU32, to: u32) -> Result<()> {
    turn.store(to, Ordering::Release);
    futex::wake(turn, Flags::PRIVATE, 1)?;
    Ok(())
}

fn wait_while(turn: &AtomicU32, value: u32) -> Result<()> {
    while turn.load(Ordering::Acquire) == value {
        match futex::wait(turn, Flags::PRIVATE, value, None) {
            Ok(()) | Err(Errno::AGAIN | Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_given_and_given_back() {
        let report = one_cpu(Sampler::new("futex-wake", true)).unwrap();
        assert_eq!(report.operations % WAKEUPS, 0);
    }
}

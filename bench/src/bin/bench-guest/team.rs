//! Threads that do the same work at the same time, again and again.
//!
//! They are started once and wait at a gate between two calls, so that what is measured is their work and not their
//! birth. The gate costs two wake-ups a call; the work of one call is long against that.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Barrier, Mutex, PoisonError};
use std::thread;

use anyhow::{Error, Result};
use bench::line::Report;

use crate::sampler::Sampler;

/// Measures a call in which each of `threads` threads works once, `operations` operations together. `work` gets the
/// thread's number; what it gives is added up.
pub(crate) fn measure(
    sampler: Sampler,
    threads: usize,
    operations: u64,
    work: impl Fn(usize) -> Result<u64> + Sync,
) -> Result<Report> {
    let team = Team::new(threads, work);
    thread::scope(|scope| {
        for number in 0..threads {
            let team = &team;
            scope.spawn(move || team.serve(number));
        }
        let report = sampler.measure(operations, || team.work_once());
        team.dismiss();
        report
    })
}

struct Team<Work> {
    work: Work,
    /// The members and their leader pass it at the beginning of a call and at its end.
    gate: Barrier,
    dismissed: AtomicBool,
    sum: AtomicU64,
    failure: Mutex<Option<Error>>,
}

impl<Work: Fn(usize) -> Result<u64>> Team<Work> {
    fn new(threads: usize, work: Work) -> Self {
        Self {
            work,
            gate: Barrier::new(threads + 1),
            dismissed: AtomicBool::new(false),
            sum: AtomicU64::new(0),
            failure: Mutex::new(None),
        }
    }

    /// A member's life.
    fn serve(&self, number: usize) {
        loop {
            self.gate.wait();
            if self.dismissed.load(Ordering::Relaxed) {
                return;
            }
            match (self.work)(number) {
                Ok(found) => _ = self.sum.fetch_add(found, Ordering::Relaxed),
                Err(error) => *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error),
            }
            self.gate.wait();
        }
    }

    fn work_once(&self) -> Result<u64> {
        self.gate.wait();
        self.gate.wait();
        match self.failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
            None => Ok(self.sum.swap(0, Ordering::Relaxed)),
            Some(error) => Err(error),
        }
    }

    fn dismiss(&self) {
        self.dismissed.store(true, Ordering::Relaxed);
        self.gate.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_works_once_a_call() {
        let report = measure(Sampler::new("barrier", true), 3, 3, |number| Ok(10_u64.pow(number.try_into()?))).unwrap();
        assert_eq!(report.checksum, 111 * (31 * 31 + 31 + 1));
    }

    #[test]
    fn a_member_that_fails_fails_the_measurement() {
        let failing = |number| if number == 1 { Err(Error::msg("no hands")) } else { Ok(0) };
        let error = measure(Sampler::new("barrier", true), 2, 1, failing).unwrap_err();
        assert_eq!(error.to_string(), "no hands");
    }
}

//! Threads of one process: how they begin, wait for each other and end. They share one CPU unless the title says two.

use super::{Benchmark, Kind};

/// Threads of one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threads {
    /// pthread_create(3) and pthread_join(3).
    Create,
    /// futex(2): one thread wakes another and sleeps.
    Wake,
    /// The same with each thread on a CPU of its own.
    WakeAcross,
    /// Eight threads wait for each other.
    Barrier,
}

const fn guest(name: &'static str, title: &'static str, kind: Threads) -> Benchmark {
    Benchmark::guest(name, title, Kind::Threads(kind))
}

pub(super) const ALL: &[Benchmark] = &[
    guest("thread-create", "pthread_create + join", Threads::Create).at_most(0.25),
    guest("futex-wake", "futex wake-up, one CPU", Threads::Wake).at_most(0.5),
    guest("futex-wake-across", "futex wake-up, two CPUs", Threads::WakeAcross).on_cpus(2).at_most(0.5),
    guest("barrier", "barrier of 8 threads", Threads::Barrier).at_most(0.5),
];

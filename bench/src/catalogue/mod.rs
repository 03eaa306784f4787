//! The benchmarks, in the order in which they run and are shown.
//!
//! They are small on purpose: each stands for one mechanism (a local call, an offloaded call, bulk data, a page fault,
//! a wake-up, plain execution), so that a figure that moves names the part of the LWK that moved it. Whole programs
//! come last and say what all of it adds up to. One file a group: what can be measured, and what is promised of it.

mod calls;
mod compute;
mod files;
mod memory;
mod partition;
mod processes;
mod programs;
mod threads;

use std::time::Duration;

pub use calls::Call;
pub use compute::{ARITHMETIC_STEPS, Compute};
pub use files::FileCall;
pub use memory::Memory;
pub use processes::Process;
pub use programs::Program;
pub use threads::Threads;

/// What `bench-guest` can measure from within.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Plain execution.
    Compute(Compute),
    /// Memory and the calls that give it.
    Memory(Memory),
    /// Calls that move no data.
    Call(Call),
    /// Calls that name or move data.
    File(FileCall),
    /// Threads of one process.
    Threads(Threads),
    /// Processes.
    Process(Process),
    /// A whole program, which `bench-guest` starts when memory is warm.
    Program(Program),
}

/// How a benchmark is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The driver takes the wall-clock time from a program's start until it is reaped.
    Start,
    /// The driver adds up the private memory of lwk-vmm's processes.
    Footprint,
    /// The driver asks a redis-server, which runs on the side under test.
    Redis,
    /// `bench-guest` times it.
    Guest(Kind),
}

/// What the LWK's figure is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    /// The same on Linux.
    Native,
    /// The benchmark of this name, on the LWK too.
    OnLwk(&'static str),
    /// Nothing: Linux has no such thing.
    Nothing,
}

/// What the project promises of a benchmark: the LWK's figure is this at most.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Goal {
    /// This many times the reference.
    Ratio(f64),
    /// This many nanoseconds.
    Nanoseconds(f64),
    /// This many bytes.
    Bytes(f64),
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Benchmark {
    /// Its name on the command line.
    pub name: &'static str,
    /// What one operation is.
    pub title: &'static str,
    /// How it is measured.
    pub method: Method,
    /// What it is compared with.
    pub reference: Reference,
    /// CPUs that either side gets.
    pub cpus: usize,
    /// One run that takes longer hangs, and is ended.
    pub limit: Duration,
    /// What is promised, if anything is.
    pub goal: Option<Goal>,
}

impl Benchmark {
    const fn new(name: &'static str, title: &'static str, method: Method) -> Self {
        let limit = Duration::from_mins(1);
        Self { name, title, method, reference: Reference::Native, cpus: 1, limit, goal: None }
    }

    const fn guest(name: &'static str, title: &'static str, kind: Kind) -> Self {
        Self::new(name, title, Method::Guest(kind))
    }

    const fn on_cpus(mut self, cpus: usize) -> Self {
        self.cpus = cpus;
        self
    }

    const fn within(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    const fn against(mut self, reference: Reference) -> Self {
        self.reference = reference;
        self
    }

    const fn with_goal(mut self, goal: Goal) -> Self {
        self.goal = Some(goal);
        self
    }

    /// LWK time / native time is this at most.
    const fn at_most(self, ratio: f64) -> Self {
        self.with_goal(Goal::Ratio(ratio))
    }
}

/// Benchmarks that can be chosen together.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// Its name on the command line.
    pub name: &'static str,
    /// What belongs to it.
    pub benchmarks: &'static [Benchmark],
}

/// All groups.
pub const GROUPS: &[Group] = &[
    Group { name: "partition", benchmarks: partition::ALL },
    Group { name: "compute", benchmarks: compute::ALL },
    Group { name: "memory", benchmarks: memory::ALL },
    Group { name: "calls", benchmarks: calls::ALL },
    Group { name: "files", benchmarks: files::ALL },
    Group { name: "threads", benchmarks: threads::ALL },
    Group { name: "processes", benchmarks: processes::ALL },
    Group { name: "programs", benchmarks: programs::ALL },
];

/// All benchmarks.
pub fn all() -> impl Iterator<Item = &'static Benchmark> {
    GROUPS.iter().flat_map(|group| group.benchmarks)
}

/// The benchmark of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Benchmark> {
    all().find(|benchmark| benchmark.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_finds_its_own_benchmark() {
        for benchmark in all() {
            assert_eq!(find(benchmark.name).map(|found| found.method), Some(benchmark.method));
        }
        assert!(find("all").is_none());
    }

    #[test]
    fn no_group_is_called_like_a_benchmark() {
        for group in GROUPS {
            assert!(find(group.name).is_none(), "{}", group.name);
        }
    }

    #[test]
    fn references_exist() {
        for benchmark in all() {
            if let Reference::OnLwk(other) = benchmark.reference {
                assert!(find(other).is_some(), "{}", benchmark.name);
            }
        }
    }
}

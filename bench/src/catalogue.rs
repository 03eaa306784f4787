//! The benchmarks, in the order in which they run and are shown.
//!
//! They are few and small on purpose: each stands for one mechanism (a local call, an offloaded call, bulk data, a
//! page fault, the TLB, plain execution), so that a figure that moves names the part of the LWK that moved it.

/// What `bench-guest` can measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// getppid(2), the cheapest system call there is.
    GetPpid,
    /// clock_gettime(2) the way programs do it, through the vDSO.
    ClockVdso,
    /// clock_gettime(2) as a system call.
    ClockCall,
    /// pread(2) of 1 byte from the page cache.
    PreadByte,
    /// pread(2) of 4 KiB from the page cache.
    PreadPage,
    /// stat(2) of a path.
    Stat,
    /// open(2) of a path, then close(2).
    OpenClose,
    /// pread(2) of 1 MiB from the page cache.
    ReadMebibyte,
    /// mmap(2) of 64 MiB, a write to each 4 KiB, munmap(2).
    TouchLarge,
    /// mmap(2) of 4 KiB, a write, munmap(2).
    TouchPage,
    /// Reads over 1 GiB, each at an address that the one before it gave.
    RandomReads,
    /// Integer and floating-point arithmetic in registers.
    Arithmetic,
}

/// How a benchmark is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The driver takes the wall-clock time from a program's start until it is reaped.
    Start,
    /// `bench-guest` times it from within.
    Guest(Kind),
}

/// What the project promises of a benchmark.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Goal {
    /// An operation on the LWK takes less than this many nanoseconds.
    Below(f64),
    /// The LWK is at least this many times as fast as native Linux.
    Speed(f64),
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
    /// What is promised, if anything is.
    pub goal: Option<Goal>,
}

impl Benchmark {
    const fn guest(name: &'static str, title: &'static str, kind: Kind) -> Self {
        Self { name, title, method: Method::Guest(kind), goal: None }
    }

    const fn with_goal(mut self, goal: Goal) -> Self {
        self.goal = Some(goal);
        self
    }
}

/// Steps of one operation of [`Kind::Arithmetic`].
pub const ARITHMETIC_STEPS: u64 = 100_000;

/// All benchmarks.
pub const ALL: &[Benchmark] = &[
    Benchmark { name: "start-true", title: "start of /bin/true", method: Method::Start, goal: Some(Goal::Below(60e6)) },
    Benchmark::guest("getppid", "getppid", Kind::GetPpid),
    Benchmark::guest("clock-vdso", "clock_gettime (vDSO)", Kind::ClockVdso),
    Benchmark::guest("clock-call", "clock_gettime as a call", Kind::ClockCall),
    Benchmark::guest("pread-1", "pread 1 B, page cache", Kind::PreadByte),
    Benchmark::guest("pread-4k", "pread 4 KiB, page cache", Kind::PreadPage),
    Benchmark::guest("stat", "stat", Kind::Stat),
    Benchmark::guest("open-close", "open + close", Kind::OpenClose),
    Benchmark::guest("read-1m", "pread 1 MiB, page cache", Kind::ReadMebibyte),
    Benchmark::guest("touch-64m", "mmap + touch + munmap 64 MiB", Kind::TouchLarge),
    Benchmark::guest("touch-4k", "mmap + touch + munmap 4 KiB", Kind::TouchPage),
    Benchmark::guest("random-reads", "random read over 1 GiB", Kind::RandomReads).with_goal(Goal::Speed(1.25)),
    Benchmark::guest("arithmetic", "arithmetic, 100,000 steps", Kind::Arithmetic).with_goal(Goal::Speed(0.98)),
];

/// The benchmark of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Benchmark> {
    ALL.iter().find(|benchmark| benchmark.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_finds_its_own_benchmark() {
        for benchmark in ALL {
            assert_eq!(find(benchmark.name).map(|found| found.method), Some(benchmark.method));
        }
        assert!(find("all").is_none());
    }
}

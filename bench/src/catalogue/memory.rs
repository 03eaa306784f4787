//! Memory: its speed, and the calls and faults that give it.

use super::{Benchmark, Kind};

/// Memory and the calls that give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// Reads over 1 GiB, each at an address that the one before it gave.
    RandomReads,
    /// STREAM's triad over arrays of four times the last-level cache.
    Triad,
    /// mmap(2) of 64 MiB, a write to each 4 KiB, munmap(2).
    TouchLarge,
    /// mmap(2) of 4 KiB, a write, munmap(2).
    TouchPage,
    /// Allocations and releases of four threads.
    Storm,
    /// brk(2) upwards, a write to each 4 KiB, and down again.
    Growth,
    /// A write to each 4 KiB of the next 2 MiB of a reservation.
    Lazy,
}

const fn guest(name: &'static str, title: &'static str, kind: Memory) -> Benchmark {
    Benchmark::guest(name, title, Kind::Memory(kind))
}

pub(super) const ALL: &[Benchmark] = &[
    guest("random-reads", "random read over 1 GiB", Memory::RandomReads).at_most(0.75),
    guest("triad", "STREAM triad, 4 x last-level cache", Memory::Triad).at_most(1.0),
    guest("touch-64m", "mmap + touch + munmap 64 MiB", Memory::TouchLarge).at_most(0.25),
    guest("touch-4k", "mmap + touch + munmap 4 KiB", Memory::TouchPage).at_most(3.0),
    guest("malloc", "malloc + free, 4 threads", Memory::Storm).at_most(0.8),
    guest("brk", "brk growth by 16 MiB", Memory::Growth).at_most(0.8),
    guest("lazy-fault", "first touch of 2 MiB of a reservation", Memory::Lazy).at_most(0.2),
];

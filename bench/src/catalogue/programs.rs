//! Whole programs, as distributions ship them: what all the small figures add up to.
//!
//! `bench-guest` starts them when memory is warm, so that neither the start of the partition nor the machine's first
//! touch of its memory is counted.

use std::time::Duration;

use super::{Benchmark, Kind, Method};

/// A whole program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// A stencil in C with OpenMP, on as many threads as there are CPUs.
    OpenMp,
    /// LAMMPS, a Lennard-Jones liquid.
    Lammps,
    /// HPC Challenge, small.
    Hpcc,
    /// sqlite3, a million rows.
    Sqlite,
    /// gcc, a large file.
    Gcc,
    /// python3, a loop over what scripts do.
    Python,
}

const PATIENCE: Duration = Duration::from_mins(3);

const fn guest(name: &'static str, title: &'static str, kind: Program) -> Benchmark {
    Benchmark::guest(name, title, Kind::Program(kind)).within(PATIENCE)
}

pub(super) const ALL: &[Benchmark] = &[
    guest("openmp", "OpenMP stencil", Program::OpenMp).at_most(1.0),
    guest("lammps", "LAMMPS, Lennard-Jones", Program::Lammps).at_most(1.0),
    guest("hpcc", "HPC Challenge", Program::Hpcc).at_most(1.0),
    guest("sqlite", "sqlite3, a million rows", Program::Sqlite).at_most(1.3),
    Benchmark::new("redis", "redis, a SET and a GET", Method::Redis).within(PATIENCE).at_most(1.3),
    guest("gcc", "gcc -O2 of a large file", Program::Gcc).at_most(1.3),
    guest("python", "python3 loop", Program::Python).at_most(1.3),
];

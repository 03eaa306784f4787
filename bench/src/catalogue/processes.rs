//! Processes: how they begin, speak to each other and end, on one CPU.

use super::{Benchmark, Kind};

/// Processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Process {
    /// fork(2), exit(2) in the child, waitpid(2).
    Fork,
    /// posix_spawn(3) of /bin/true, waitpid(2).
    Spawn,
    /// A byte to another process and back, through two pipes.
    PingPong,
}

const fn guest(name: &'static str, title: &'static str, kind: Process) -> Benchmark {
    Benchmark::guest(name, title, Kind::Process(kind))
}

pub(super) const ALL: &[Benchmark] = &[
    guest("fork", "fork + exit + wait", Process::Fork).at_most(3.0),
    guest("spawn", "posix_spawn + wait of /bin/true", Process::Spawn).at_most(3.0),
    guest("ping-pong", "pipe ping-pong of two processes", Process::PingPong).at_most(2.0),
];

//! Calls that move no data: what remains is the way into the kernel and back, at a site that has been seen before.

use super::{Benchmark, Kind};

/// Calls that move no data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// getppid(2), the cheapest system call there is.
    GetPpid,
    /// sched_yield(2) of the only thread.
    SchedYield,
    /// rt_sigprocmask(2).
    SigProcMask,
    /// clock_gettime(2) the way programs do it, through the vDSO.
    ClockVdso,
    /// getcpu(2) through the vDSO.
    CpuVdso,
    /// clock_gettime(2) as a system call.
    ClockCall,
}

const fn guest(name: &'static str, title: &'static str, kind: Call) -> Benchmark {
    Benchmark::guest(name, title, Kind::Call(kind))
}

pub(super) const ALL: &[Benchmark] = &[
    guest("getppid", "getppid", Call::GetPpid).at_most(0.2),
    guest("sched-yield", "sched_yield", Call::SchedYield).at_most(0.2),
    guest("sigprocmask", "sigprocmask", Call::SigProcMask).at_most(0.2),
    guest("clock-vdso", "clock_gettime (vDSO)", Call::ClockVdso).at_most(1.0),
    guest("getcpu-vdso", "getcpu (vDSO)", Call::CpuVdso).at_most(1.0),
    guest("clock-call", "clock_gettime as a call", Call::ClockCall),
];

//! System calls that move no data: what remains is the way into the kernel and back.

use std::hint::black_box;
use std::time::Instant;

use anyhow::Result;
use bench::catalogue::Call;
use bench::line::Report;

use crate::arch::{clock, mask};
use crate::sampler::Sampler;

/// Measures this call. Answers that differ from run to run (a pid, a time, a CPU) count as such.
pub(crate) fn measure(call: Call, sampler: Sampler) -> Result<Report> {
    match call {
        Call::GetPpid => sampler.measure(1, || Ok(u64::from(rustix::process::getppid().is_some()))),
        Call::SchedYield => sampler.measure(1, || {
            rustix::thread::sched_yield();
            Ok(0)
        }),
        Call::SigProcMask => sampler.measure(1, || Ok(u64::from(mask::block_user_signal()?))),
        Call::ClockVdso => sampler.measure(1, || {
            black_box(Instant::now());
            Ok(0)
        }),
        Call::CpuVdso => sampler.measure(1, || {
            black_box(rustix::thread::sched_getcpu());
            Ok(0)
        }),
        Call::ClockCall => sampler.measure(1, || {
            black_box(clock::monotonic()?);
            Ok(0)
        }),
    }
}

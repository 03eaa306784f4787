//! What the operations cost on which the design of the LWK rests, measured in the tiny guest.

use super::guest::{Guest, Outcome};
use super::registers::Level;
use super::vcpu;
use super::{CPL0_ITERATIONS, HostClass, ProbeError, fastest_loop, wake_up};
use crate::arch::probe_code::Label;

/// Repetitions in a run of operations that may be emulated, 30 us each at worst. A run is to be shorter than the time
/// slices of the scheduler: on a busy machine some runs then are undisturbed.
const SLOW: u64 = 20;
/// Repetitions in a run of operations that should be native.
const NATIVE: u64 = 20_000;
/// How many runs.
const RUNS: u32 = 25;

/// Costs in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct Measurements {
    /// The class and the speed of code at both levels.
    pub class: HostClass,
    /// A system call at CPL3 that comes back at once.
    pub system_call: f64,
    /// A breakpoint at CPL3, its handler at CPL0, and the return.
    pub exception: f64,
    /// A store at CPL3 to a device of the VMM, until the guest runs again.
    pub exit: f64,
    /// A store at CPL3 that rings an eventfd.
    pub doorbell: f64,
    /// From before an interrupt is sent to a halted vCPU until its handler has run.
    pub wake_up: f64,
    /// CPUID at CPL3.
    pub cpuid: f64,
    /// RDTSC at CPL3.
    pub clock: f64,
}

/// Measures everything; a tenth of a second.
///
/// # Errors
/// [`ProbeError`]
pub fn measure() -> Result<Measurements, ProbeError> {
    let kvm = vcpu::open()?;
    let class = super::classify(&mut Guest::new(&kvm)?)?;
    let mut guest = Guest::new(&kvm)?;
    let mut cost = |label, repeat| -> Result<f64, ProbeError> { fastest(|| guest.run(Level::Cpl3, label, repeat)) };
    let system_call = cost(Label::Calls, SLOW)?;
    let exception = cost(Label::Breakpoints, SLOW)?;
    let cpuid = cost(Label::Cpuid, SLOW)?;
    let clock = cost(Label::Clock, NATIVE)?;
    let cpl0 = fastest_loop(&mut guest, Level::Cpl0, CPL0_ITERATIONS * 4)?;
    let cpl3 = fastest_loop(&mut guest, Level::Cpl3, NATIVE)?;
    let event = guest.attach_doorbell()?;
    Ok(Measurements {
        class: HostClass { cpl0_ns_per_instruction: cpl0, cpl3_ns_per_instruction: cpl3, ..class },
        system_call,
        exception,
        exit: fastest(|| guest.time_exits(SLOW))?,
        doorbell: fastest(|| guest.time_doorbell(&event, SLOW))?,
        wake_up: wake_up::measure(&kvm)?,
        cpuid,
        clock,
    })
}

/// Nanoseconds in the fastest run: what disturbs a run only makes it slower.
fn fastest(mut run: impl FnMut() -> Result<Outcome, ProbeError>) -> Result<f64, ProbeError> {
    let mut fastest = f64::INFINITY;
    for _ in 0..RUNS {
        fastest = fastest.min(run()?.nanoseconds);
    }
    Ok(fastest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_costs_are_measured_and_plausible() {
        let measured = measure().expect("a usable /dev/kvm");
        let costs = [
            measured.system_call,
            measured.exception,
            measured.exit,
            measured.doorbell,
            measured.wake_up,
            measured.cpuid,
            measured.clock,
        ];
        assert!(costs.iter().all(|cost| (0.1..10_000_000.0).contains(cost)), "{measured:?}");
        assert!(measured.clock < measured.exit, "{measured:?}");
    }
}

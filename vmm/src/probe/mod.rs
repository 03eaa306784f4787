//! Finds out by trying what this machine's KVM is good for.
//!
//! Software KVM announces itself nowhere: `/dev/kvm`, its API version and its capabilities are those of hardware. But
//! it emulates guest code at CPL0 instruction by instruction, a thousand times slower than it runs CPL3, and that
//! cannot be missed. So a guest of a few instructions is timed at both levels; the answer decides in which mode the
//! LWK runs, and `doctor` shows the figures.

mod guest;
mod measure;
mod registers;
mod tables;
mod vcpu;
mod wake_up;

use guest::Guest;
use registers::Level;
pub(crate) use vcpu::open as open_kvm;

pub use measure::{Measurements, measure};

use crate::arch::probe_code::Label;

/// In which mode of the processor the LWK is to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privilege {
    /// The LWK at CPL0, programs at CPL3.
    Ring0,
    /// The LWK and programs at CPL3.
    Ring3,
}

/// What a tiny guest showed about this machine's KVM.
#[derive(Clone, Copy, Debug)]
pub struct HostClass {
    /// The mode that suits it.
    pub privilege: Privilege,
    /// Nanoseconds that an instruction takes at CPL0.
    pub cpl0_ns_per_instruction: f64,
    /// Nanoseconds that an instruction takes at CPL3.
    pub cpl3_ns_per_instruction: f64,
    /// The privilege level at which a system call of CPL3 arrives: 0 by the book.
    pub system_calls_arrive_at: u8,
}

impl HostClass {
    /// Whether guest code at CPL0 is emulated.
    #[must_use]
    pub fn is_software(&self) -> bool {
        self.privilege == Privilege::Ring3
    }
}

/// Why nothing could be found out. Its text is one line.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// `/dev/kvm` is not there.
    #[error("there is no /dev/kvm; load the kvm module, or enable virtualization in the firmware")]
    Absent,
    /// We may not open it.
    #[error("no permission for /dev/kvm; lwk-vmm doctor says how to get it")]
    Permission,
    /// KVM failed.
    #[error("KVM cannot {what}: {source}; lwk-vmm doctor shows what this machine can do")]
    Kvm {
        /// What was to be done.
        what: &'static str,
        /// What the kernel said.
        source: kvm_ioctls::Error,
    },
    /// The guest left in a way that it has no code for.
    #[error("a test guest stopped with {0} instead of finishing; this machine's KVM cannot run a partition")]
    Unexpected(String),
}

/// How many times slower than at CPL3 code at CPL0 must be for it to be called emulated. Hardware gives 1, software
/// more than 1000; a CPU stolen in the middle of a measurement does not reach 50 three times in a row.
const EMULATED: f64 = 50.0;
/// Iterations of two instructions each: 70 us where they are emulated.
const CPL0_ITERATIONS: u64 = 50;
const CPL3_ITERATIONS: u64 = 2000;

/// Times the tiny guest; a few milliseconds.
///
/// # Errors
/// [`ProbeError`]
pub fn quick() -> Result<HostClass, ProbeError> {
    classify(&mut Guest::new(&vcpu::open()?)?)
}

fn classify(guest: &mut Guest) -> Result<HostClass, ProbeError> {
    let cpl3 = fastest_loop(guest, Level::Cpl3, CPL3_ITERATIONS)?;
    let arrived = guest.run(Level::Cpl3, Label::Calls, 1)?.segment;
    let cpl0 = fastest_loop(guest, Level::Cpl0, CPL0_ITERATIONS)?;
    let privilege = if cpl0 > cpl3 * EMULATED { Privilege::Ring3 } else { Privilege::Ring0 };
    Ok(HostClass {
        privilege,
        cpl0_ns_per_instruction: cpl0,
        cpl3_ns_per_instruction: cpl3,
        system_calls_arrive_at: u8::try_from(arrived & 3).unwrap_or_default(),
    })
}

/// Nanoseconds per instruction in the fastest of three loops.
fn fastest_loop(guest: &mut Guest, level: Level, iterations: u64) -> Result<f64, ProbeError> {
    let mut fastest = f64::INFINITY;
    for _ in 0..3 {
        fastest = fastest.min(guest.run(level, Label::Loop, iterations)?.nanoseconds / 2.0);
    }
    Ok(fastest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    #[test]
    fn a_quick_probe_is_consistent_and_quick() {
        let started = Instant::now();
        let class = quick().expect("a usable /dev/kvm");
        let took = started.elapsed();
        assert!(class.cpl3_ns_per_instruction < 20.0, "{class:?}");
        assert_eq!(class.is_software(), class.cpl0_ns_per_instruction > 20.0, "{class:?}");
        assert!(took < Duration::from_secs(1), "{took:?}");
    }
}

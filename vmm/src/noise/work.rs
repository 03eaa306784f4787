//! The fixed work, and how many steps of it fill a quantum.
//!
//! Each step needs the result of the one before and nothing of memory, so its time depends on the processor's clock alone. There
//! is one copy of it in the executable, and both sides run it.

use std::thread;
use std::time::{Duration, Instant};

use super::NoiseError;
use crate::arch::processor;
use crate::partition::pin_to_cpu;

/// Any value but zero, which would stay zero.
pub(super) const SEED: u64 = 0x9e37_79b9_7f4a_7c15;
/// Steps of one trial of the calibration: some 50 us.
const TRIAL: u64 = 25_000;
/// Long enough for a processor to reach its speed, and for undisturbed trials to be among them.
const CALIBRATION: Duration = Duration::from_millis(250);

/// Does `steps` steps (Marsaglia's xorshift64) and answers the result, so that no compiler can leave them out.
#[inline(never)]
pub(super) fn fixed(mut state: u64, steps: u64) -> u64 {
    for _ in 0..steps {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    state
}

/// Ticks that [`TRIAL`] steps take on `cpu` when nothing disturbs them.
fn trial_ticks(cpu: u32) -> Result<u64, NoiseError> {
    let body = move || pin_to_cpu(cpu).map(|()| fastest_trial());
    let thread = thread::Builder::new().name("calibration".to_owned()).spawn(body);
    let thread = thread.map_err(|source| NoiseError::System { what: "start a thread", source })?;
    let pinned = thread.join().unwrap_or(Ok(1));
    pinned.map_err(|error| NoiseError::System { what: "calibrate", source: std::io::Error::other(error.to_string()) })
}

fn fastest_trial() -> u64 {
    let (started, mut state, mut fastest) = (Instant::now(), SEED, u64::MAX);
    while started.elapsed() < CALIBRATION {
        let before = processor::ticks();
        state = std::hint::black_box(fixed(state, TRIAL));
        fastest = fastest.min(processor::ticks() - before);
    }
    fastest.max(1)
}

/// How many steps take how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Calibration {
    trial_ticks: u64,
}

impl Calibration {
    /// Measures natively on `cpu`; a quarter of a second.
    pub(super) fn measure(cpu: u32) -> Result<Self, NoiseError> {
        Ok(Self { trial_ticks: trial_ticks(cpu)? })
    }

    /// The steps that fill `ticks` when nothing disturbs them, one at least.
    pub(super) fn steps(self, ticks: u64) -> u64 {
        let steps = u128::from(ticks) * u128::from(TRIAL) / u128::from(self.trial_ticks);
        u64::try_from(steps).unwrap_or(u64::MAX).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_steps_have_the_same_result_in_any_portions() {
        assert_eq!(fixed(SEED, 100), fixed(fixed(SEED, 40), 60));
        assert_ne!(fixed(SEED, 100), fixed(SEED, 101));
    }

    #[test]
    fn steps_are_in_proportion() {
        let calibration = Calibration { trial_ticks: 50_000 };
        assert_eq!(calibration.steps(20_000), 10_000);
        assert_eq!(calibration.steps(0), 1);
    }
}

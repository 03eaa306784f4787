//! Which side runs when, for how long, and with which work.

use super::NoiseError;
use super::order::{SampleOrder, Work};
use super::work::Calibration;
use crate::cli::{CpuList, NoiseOptions, Span};
use crate::clock;

/// A slice is about as long as this, in nanoseconds: many of both sides fit into a minute, and starting a side (a tenth of a
/// second) does not count.
const SLICE: u64 = 5_000_000_000;
/// More quanta than undisturbed ones fill the time, in per cent: the calibration is not perfect.
const SPARE: u64 = 25;

/// A side of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// A process of Linux.
    Native,
    /// A program in a partition.
    Lwk,
}

impl Side {
    /// Both, in the order in which they are shown.
    pub(super) const BOTH: [Self; 2] = [Self::Native, Self::Lwk];

    /// Its name for people.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Lwk => "LWK",
        }
    }
}

/// What is measured.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// On these CPUs.
    pub(super) cpus: CpuList,
    /// Ticks of the time-stamp counter in a millisecond.
    pub(super) tsc_khz: u32,
    /// The lengths of the work.
    pub(super) quanta: Vec<Span>,
    /// The works, one for each length.
    pub(super) works: Vec<Work>,
    /// Nanoseconds of a slice, all works together.
    pub(super) slice: u64,
    /// How often both sides run.
    pub(super) rounds: u64,
}

impl Plan {
    /// Calibrates and divides the time.
    pub(super) fn new(options: &NoiseOptions, cpus: CpuList) -> Result<Self, NoiseError> {
        let calibration = Calibration::measure(cpus.as_slice().first().copied().unwrap_or_default())?;
        Ok(Self::with(options, cpus, clock::measure_tsc_khz(), calibration))
    }

    fn with(options: &NoiseOptions, cpus: CpuList, tsc_khz: u32, calibration: Calibration) -> Self {
        let (rounds, slice) = divide(options.duration.nanoseconds());
        let share = slice / options.quantum.len().max(1) as u64;
        let ticks = |nanoseconds| to_ticks(nanoseconds, tsc_khz);
        let work = |quantum: &Span| Work {
            steps: calibration.steps(ticks(quantum.nanoseconds())),
            ticks: ticks(share),
            most: usize::try_from(share / quantum.nanoseconds() * (100 + SPARE) / 100 + 1).unwrap_or(usize::MAX),
        };
        Self {
            cpus,
            tsc_khz,
            works: options.quantum.iter().map(work).collect(),
            quanta: options.quantum.clone(),
            slice,
            rounds,
        }
    }

    /// The sides in the order of their slices: which one goes first changes.
    pub(super) fn turns(&self) -> impl Iterator<Item = Side> {
        let round = |round: u64| {
            let [first, second] = Side::BOTH;
            if round.is_multiple_of(2) { [first, second] } else { [second, first] }
        };
        (0..self.rounds).flat_map(round)
    }

    /// What the measured program is to do on these CPUs.
    pub(super) fn order(&self, parent: Option<i32>, cpus: Vec<u32>) -> SampleOrder {
        SampleOrder { parent, cpus, works: self.works.clone() }
    }

    /// Bytes that the marks of a slice need.
    pub(super) fn bytes(&self) -> u64 {
        let marks: usize = self.works.iter().map(|work| work.most + 1).sum();
        (marks * self.cpus.as_slice().len() * size_of::<u64>()) as u64
    }

    /// Ticks of so many nanoseconds.
    pub(super) fn ticks(&self, nanoseconds: u64) -> u64 {
        to_ticks(nanoseconds, self.tsc_khz)
    }

    /// Nanoseconds of so many ticks.
    pub(super) fn nanoseconds(&self, ticks: u64) -> f64 {
        float(ticks) * 1e6 / f64::from(self.tsc_khz.max(1))
    }
}

/// How many rounds `duration` nanoseconds have, and how long a slice of one side is.
fn divide(duration: u64) -> (u64, u64) {
    let rounds = (duration + SLICE) / (2 * SLICE);
    let rounds = rounds.max(1);
    (rounds, duration / (2 * rounds))
}

fn to_ticks(nanoseconds: u64, tsc_khz: u32) -> u64 {
    u64::try_from(u128::from(nanoseconds) * u128::from(tsc_khz) / 1_000_000).unwrap_or(u64::MAX)
}

/// A count as a number for people; what lies above 2^53 loses digits that nobody reads.
#[expect(clippy::cast_precision_loss, reason = "the loss is below one part in 10^15")]
pub(super) const fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_six_rounds_of_five_seconds_a_side() {
        assert_eq!(divide(60_000_000_000), (6, 5_000_000_000));
        assert_eq!(divide(2_000_000_000), (1, 1_000_000_000));
        assert_eq!(divide(17_000_000_000), (2, 4_250_000_000));
    }

    #[test]
    fn the_whole_duration_is_used_whatever_it_is() {
        for seconds in 1..=600 {
            let (rounds, slice) = divide(seconds * 1_000_000_000);
            assert!((rounds * slice * 2).abs_diff(seconds * 1_000_000_000) < 2 * rounds, "{seconds}");
            assert!((500_000_000..=7_500_000_000).contains(&slice), "{seconds}");
        }
    }
}

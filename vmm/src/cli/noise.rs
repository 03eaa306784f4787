//! The options of `lwk-vmm noise`, and what can be wrong with them before the machine is looked at.

use std::path::PathBuf;

use clap::Args;

use super::{CliError, CpuList, Span};

/// The shortest and the longest measurement, in nanoseconds.
const DURATION: std::ops::RangeInclusive<u64> = 1_000_000_000..=600_000_000_000;
/// The shortest and the longest quantum, in nanoseconds: below, reading the clock is a part of the work.
const QUANTUM: std::ops::RangeInclusive<u64> = 1_000..=1_000_000_000;
/// Different quanta in one measurement.
const MOST_QUANTA: usize = 8;
/// Fewer quanta than this of one length on one side are no distribution.
const FEWEST_SAMPLES: u64 = 10;
/// Every sample is 16 bytes of memory at the end.
const MOST_SAMPLES: u64 = 32 << 20;

/// Everything a measurement of noise is asked for.
#[derive(Args, Clone, Debug)]
pub struct NoiseOptions {
    /// Length of the measurement, both sides together, from 1s to 10m
    #[arg(long, value_name = "TIME", default_value = "60s")]
    pub duration: Span,

    /// CPUs to measure on, all at once [default: the last CPU that may be used and is free]
    #[arg(long, value_name = "LIST")]
    pub cpus: Option<CpuList>,

    /// Lengths of the fixed work, from 1us to 1s
    #[arg(long, value_name = "TIMES", value_delimiter = ',', default_value = "1ms,10us")]
    pub quantum: Vec<Span>,

    /// Write the results to FILE, for machines
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// Draw the results to FILE
    #[arg(long, value_name = "FILE.svg")]
    pub plot: Option<PathBuf>,
}

impl NoiseOptions {
    /// Checks what clap cannot.
    pub(super) fn check(self) -> Result<Self, CliError> {
        match self.mistake() {
            None => Ok(self),
            Some(text) => Err(CliError::Usage(text)),
        }
    }

    fn mistake(&self) -> Option<String> {
        let (duration, quanta) = (self.duration, &self.quantum);
        if !DURATION.contains(&duration.nanoseconds()) {
            return Some(format!("--duration {duration} is not between 1s and 10m"));
        }
        if quanta.len() > MOST_QUANTA {
            return Some(format!("--quantum has {} lengths; write at most {MOST_QUANTA}", quanta.len()));
        }
        if let Some(quantum) = quanta.iter().find(|quantum| !QUANTUM.contains(&quantum.nanoseconds())) {
            return Some(format!("--quantum {quantum} is not between 1us and 1s"));
        }
        let mut seen = quanta.iter().enumerate();
        if let Some((_, quantum)) = seen.find(|(place, quantum)| quanta[..*place].contains(quantum)) {
            return Some(format!("--quantum has {quantum} twice; write it once"));
        }
        self.wrong_amount()
    }

    /// Too few or too many samples.
    fn wrong_amount(&self) -> Option<String> {
        let (duration, quanta) = (self.duration, &self.quantum);
        let share = duration.nanoseconds() / quanta.len().max(1) as u64;
        let samples = |quantum: &Span| share / quantum.nanoseconds();
        if let Some(quantum) = quanta.iter().find(|quantum| samples(quantum) / 2 < FEWEST_SAMPLES) {
            return Some(format!("--duration {duration} is too short for quanta of {quantum}; measure longer"));
        }
        let cpus = self.cpus.as_ref().map_or(1, |cpus| cpus.as_slice().len()) as u64;
        let all = quanta.iter().map(samples).sum::<u64>() * cpus;
        (all > MOST_SAMPLES).then(|| {
            format!("{all} samples are more than {MOST_SAMPLES}; choose longer quanta or a shorter --duration")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Command, parse};

    fn command(args: &[&str]) -> Result<super::NoiseOptions, String> {
        let line = ["lwk-vmm", "noise"].iter().chain(args).copied();
        match parse(line) {
            Ok(Command::Noise(options)) => Ok(options),
            Ok(other) => panic!("{args:?}: {other:?}"),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn without_options_it_is_a_minute_of_two_quanta() {
        let options = command(&[]).expect("understood");
        let quanta: Vec<_> = options.quantum.iter().map(|quantum| quantum.nanoseconds()).collect();
        assert_eq!((options.duration.nanoseconds(), quanta), (60_000_000_000, vec![1_000_000, 10_000]));
        assert_eq!((options.cpus, options.json, options.plot), (None, None, None));
    }

    #[test]
    fn mistakes_are_one_line_that_names_the_value() {
        for (args, named) in [
            (&["--duration", "0s"][..], "the length of time is 0"),
            (&["--duration", "60"], "'60' is not a length of time"),
            (&["--duration", "500ms"], "--duration 500ms is not between"),
            (&["--duration", "11m"], "--duration 660s is not between"),
            (&["--quantum", "1ms,10"], "'10' is not a length of time"),
            (&["--quantum", "10ns"], "--quantum 10ns is not between"),
            (&["--quantum", "1ms,10us,1000us"], "--quantum has 1ms twice"),
            (&["--quantum", "1us,2us,3us,4us,5us,6us,7us,8us,9us"], "9 lengths"),
            (&["--quantum", "1s", "--duration", "2s"], "--duration 2s is too short for quanta of 1s"),
            (&["--quantum", "1us", "--duration", "10m"], "more than"),
            (&["--cpus", "x"], "'x' is not a CPU"),
            (&["extra"], "extra"),
        ] {
            let message = command(args).expect_err("refused");
            assert!(message.contains(named) && !message.contains('\n'), "{args:?}: {message}");
        }
    }
}

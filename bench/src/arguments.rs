//! The command line.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use bench::catalogue::{self, Benchmark, Group};
use clap::Parser;
use clap::builder::PossibleValuesParser;

use crate::affinity;

const ROUNDS: u32 = 5;
const QUICK_ROUNDS: u32 = 3;

/// Measures programs natively and on the LWK, in turn, and prints a table of medians and ratios.
#[derive(Parser, Debug)]
#[command(name = "bench", version)]
pub(crate) struct Arguments {
    /// What to measure, by benchmark or by group; each once, in the table's order
    #[arg(value_name = "NAME", default_value = "all", value_parser = PossibleValuesParser::new(names()))]
    names: Vec<String>,

    /// How often each side is measured [default: 5, or 3 with --quick]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,

    /// Take a sixth of the batches in each run
    #[arg(long)]
    pub(crate) quick: bool,

    /// CPU on which both sides run [default: the last one that may be used]
    #[arg(long, value_name = "N")]
    cpu: Option<usize>,

    /// Write the results to FILE too
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

impl Arguments {
    pub(crate) fn rounds(&self) -> u32 {
        self.rounds.unwrap_or(if self.quick { QUICK_ROUNDS } else { ROUNDS })
    }

    pub(crate) fn benchmarks(&self) -> Vec<&'static Benchmark> {
        let wanted = |name: &str| self.names.iter().any(|given| given == "all" || given == name);
        let of_group = |group: &'static Group| {
            let whole = wanted(group.name);
            group.benchmarks.iter().filter(move |benchmark| whole || wanted(benchmark.name))
        };
        catalogue::GROUPS.iter().flat_map(of_group).collect()
    }

    pub(crate) fn cpu(&self) -> Result<usize> {
        let usable = affinity::usable()?;
        let Some(cpu) = self.cpu else {
            return usable.last().copied().context("there is no CPU that may be used");
        };
        ensure!(usable.contains(&cpu), "CPU {cpu} may not be used here; these may: {usable:?}");
        Ok(cpu)
    }
}

fn names() -> Vec<&'static str> {
    let groups = catalogue::GROUPS.iter().map(|group| group.name);
    std::iter::once("all").chain(groups).chain(catalogue::all().map(|benchmark| benchmark.name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(words: &[&str]) -> Vec<&'static str> {
        let arguments = Arguments::try_parse_from([&["bench"], words].concat()).unwrap();
        arguments.benchmarks().iter().map(|benchmark| benchmark.name).collect()
    }

    #[test]
    fn without_names_everything_is_measured() {
        assert_eq!(chosen(&[]).len(), catalogue::all().count());
        assert_eq!(chosen(&["stat", "all"]).len(), catalogue::all().count());
    }

    #[test]
    fn names_are_measured_once_in_the_order_of_the_table() {
        assert_eq!(chosen(&["stat", "getppid", "stat"]), ["getppid", "stat"]);
    }

    #[test]
    fn a_group_stands_for_what_belongs_to_it() {
        assert_eq!(chosen(&["dgemm", "threads", "fork"])[..2], ["dgemm", "thread-create"]);
        assert_eq!(chosen(&["dgemm", "threads", "fork"]).last(), Some(&"fork"));
    }

    #[test]
    fn unknown_names_and_no_rounds_are_refused() {
        assert!(Arguments::try_parse_from(["bench", "forkbomb"]).is_err());
        assert!(Arguments::try_parse_from(["bench", "--rounds", "0"]).is_err());
    }
}

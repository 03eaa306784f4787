//! Measures the same program natively and on the LWK, in turn, on the same CPU, and prints how they compare.
//!
//! Absolute times of a machine drift by tens of percent from one minute to the next, on virtual machines above all.
//! So neither side is ever measured alone: each round runs both, one right after the other, and what counts is the
//! ratio within the round.

mod affinity;
mod arguments;
mod backing;
mod cache;
mod child;
mod comparison;
mod ending;
mod figure;
mod footprint;
mod goal;
mod host_class;
mod machine;
mod outcome;
mod plot;
mod pressure;
mod programs;
mod redis;
mod results;
mod side;
mod start;
mod table;
mod turn;
mod unit;
mod whole;
mod workplace;

use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::Parser;

use arguments::Arguments;
use machine::Machine;
use outcome::Outcome;
use pressure::Pressure;
use programs::Programs;
use results::Results;
use side::Sides;

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let programs = Programs::find()?;
    let cpu = arguments.cpu()?;
    let sides = Sides::new(&programs, cpu, arguments.quick)?;
    eprintln!("a first partition on CPU {cpu}");
    let backing = sides.try_out()?;
    let machine = Machine::describe(&programs, &sides, backing)?;
    let results = measure(arguments, &sides, machine);
    println!("{}", table::render(&results));
    for file in results.save(&programs.folder, arguments.json.as_deref())? {
        println!("{}", file.display());
    }
    let failures = results.not_measured.iter().filter(|benchmark| benchmark.failed).count();
    ensure!(failures == 0, "{failures} benchmark(s) failed");
    Ok(())
}

/// Measures what was chosen. What fails is said and left out, so that the rest is not lost.
fn measure(arguments: &Arguments, sides: &Sides, mut machine: Machine) -> Results {
    let pressure = Pressure::begin();
    let chosen = arguments.benchmarks();
    let (mut comparisons, mut not_measured) = (Vec::new(), Vec::new());
    for (index, benchmark) in chosen.iter().enumerate() {
        eprint!("[{:>2}/{}] {:<38} ", index + 1, chosen.len(), benchmark.title);
        let outcome = Outcome::of(benchmark, sides, arguments.rounds());
        eprintln!("{outcome}");
        match outcome {
            Outcome::Measured(comparison) => comparisons.push(*comparison),
            Outcome::NotMeasured(why) => not_measured.push(why),
        }
    }
    machine.cpu_pressure = pressure.and_then(|pressure| pressure.per_cent());
    Results { machine, rounds: arguments.rounds(), quick: arguments.quick, comparisons, not_measured }
}

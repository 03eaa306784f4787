//! Measures the same program natively and on the LWK, in turn, on the same CPU, and prints how they compare.
//!
//! Absolute times of a machine drift by tens of percent from one minute to the next, on virtual machines above all.
//! So neither side is ever measured alone: each round runs both, one right after the other, and what counts is the
//! ratio within the round.

mod affinity;
mod arguments;
mod backing;
mod child;
mod comparison;
mod figure;
mod host_class;
mod machine;
mod plot;
mod pressure;
mod programs;
mod results;
mod side;
mod table;
mod turn;
mod unit;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use arguments::Arguments;
use comparison::Comparison;
use machine::Machine;
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
    let mut machine = Machine::describe(&programs, cpu, backing)?;

    let pressure = Pressure::begin();
    let chosen = arguments.benchmarks();
    let mut comparisons = Vec::with_capacity(chosen.len());
    for (index, benchmark) in chosen.iter().enumerate() {
        eprint!("[{:>2}/{}] {:<30} ", index + 1, chosen.len(), benchmark.title);
        let comparison = Comparison::measure(benchmark, &sides, arguments.rounds())?;
        eprintln!("{comparison}");
        comparisons.push(comparison);
    }
    machine.cpu_pressure = pressure.and_then(|pressure| pressure.per_cent());
    let results = Results { machine, rounds: arguments.rounds(), quick: arguments.quick, comparisons };
    println!("{}", table::render(&results));
    for file in results.save(&programs.folder, arguments.json.as_deref())? {
        println!("{}", file.display());
    }
    Ok(())
}

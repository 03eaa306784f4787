//! The program that is measured: ordinary Rust with the standard library, no knowledge of the LWK.

mod arch;
mod arguments;
mod calls;
mod compute;
mod files;
mod memory;
mod processes;
mod program;
mod sampler;
mod team;
mod threads;

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use bench::catalogue::{self, Benchmark, Kind, Method};
use bench::line::{Line, Report};
use clap::Parser;

use arguments::Arguments;
use sampler::Sampler;

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench-guest: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let name = &arguments.name;
    let benchmark = catalogue::find(name).with_context(|| format!("there is no benchmark {name}"))?;
    print(&Line::Finished(measure(benchmark, arguments)?))
}

fn measure(benchmark: &Benchmark, arguments: &Arguments) -> Result<Report> {
    let Method::Guest(kind) = benchmark.method else {
        bail!("{} is measured from outside", benchmark.name);
    };
    let sampler = Sampler::new(benchmark.name, arguments.quick);
    match kind {
        Kind::Compute(kind) => compute::measure(kind, sampler),
        Kind::Memory(kind) => memory::measure(kind, sampler, arguments.cache),
        Kind::Call(kind) => calls::measure(kind, sampler),
        Kind::File(kind) => files::measure(kind, sampler, arguments),
        Kind::Threads(kind) => threads::measure(kind, sampler),
        Kind::Process(kind) => processes::measure(kind, sampler),
        Kind::Program(_) => program::measure(sampler, arguments),
    }
}

/// Writes a line and flushes it, because the driver notes when it arrives.
fn print(line: &Line) -> Result<()> {
    let mut text = serde_json::to_string(line)?;
    text.push('\n');
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    Ok(stdout.flush()?)
}

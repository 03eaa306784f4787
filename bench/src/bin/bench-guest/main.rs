//! The program that is measured: ordinary Rust with the standard library, one thread, no knowledge of the LWK.
//!
//!     bench-guest NAME FILE [--quick]
//!
//! FILE is read by the benchmarks of file calls and must hold `files::SIZE` bytes or more.

mod arch;
mod arithmetic;
mod calls;
mod chain;
mod files;
mod order;
mod sampler;
mod touch;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use bench::catalogue::{self, Benchmark, Kind, Method};
use bench::line::Line;

use sampler::Sampler;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench-guest: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (name, file, quick) = match words[..] {
        [name, file] => (name, file, false),
        [name, file, "--quick"] => (name, file, true),
        _ => bail!("usage: bench-guest NAME FILE [--quick]"),
    };
    let benchmark = catalogue::find(name).with_context(|| format!("there is no benchmark {name}"))?;
    let sampler = Sampler::new(benchmark.name, quick);
    print(&Line::Finished(measure(benchmark, sampler, Path::new(file))?))
}

fn measure(benchmark: &Benchmark, sampler: Sampler, file: &Path) -> Result<bench::line::Report> {
    let Method::Guest(kind) = benchmark.method else {
        bail!("{} is measured from outside", benchmark.name);
    };
    match kind {
        Kind::GetPpid => calls::getppid(sampler),
        Kind::ClockVdso => calls::clock_vdso(sampler),
        Kind::ClockCall => calls::clock_call(sampler),
        Kind::PreadByte => files::pread_hot(sampler, file, 1),
        Kind::PreadPage => files::pread_hot(sampler, file, 4096),
        Kind::Stat => files::stat(sampler, file),
        Kind::OpenClose => files::open_close(sampler, file),
        Kind::ReadMebibyte => files::pread_bulk(sampler, file, 1 << 20),
        Kind::TouchLarge => touch::pages(sampler, 64 << 20),
        Kind::TouchPage => touch::pages(sampler, 4096),
        Kind::RandomReads => chain::random_reads(sampler),
        Kind::Arithmetic => arithmetic::kernel(sampler),
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

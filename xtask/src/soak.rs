//! What is done so often that a loss or a leak shows: a thousand processes and four thousand threads alive at once, a hundred thousand
//! births and deaths, ten million futex wake-ups. Natively first; on the LWK with `--stats`, whose lines of memory tell whether something
//! was kept.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::workspace::{self, Workspace};

/// What is done, as `soak.c` calls it; how often; and how often in the short form.
const JOBS: [(&str, u32, u32); 4] =
    [("children", 1000, 200), ("threads", 4000, 500), ("forks", 100_000, 1000), ("wakes", 10_000_000, 200_000)];

#[derive(clap::Args)]
pub(crate) struct Options {
    /// A minute's worth
    #[arg(long)]
    short: bool,
    /// CPUs of the partition, or the default one
    #[arg(long, value_name = "LIST")]
    cpus: Option<String>,
    /// Memory of the partition
    #[arg(long, default_value = "4G", value_name = "SIZE")]
    mem: String,
    /// Do these only
    jobs: Vec<String>,
}

/// How one run ended.
struct Outcome {
    took: Duration,
    success: bool,
    stdout: String,
    stderr: String,
}

/// Does every job on both sides; what they say must be the same.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    workspace::run(&mut workspace.cargo(["build", "--release", "-p", "lwk-vmm"]))?;
    let program = workspace.target.join("soak");
    let source = workspace.root.join("tests/installed/soak.c");
    workspace::run(Command::new("gcc").args(["-O2", "-static", "-pthread", "-o"]).arg(&program).arg(source))?;
    let mut different = Vec::new();
    for (job, often, rarely) in JOBS {
        if !options.jobs.is_empty() && !options.jobs.iter().any(|wanted| wanted == job) {
            continue;
        }
        let count = if options.short { rarely } else { often }.to_string();
        let native = finish(Command::new(&program).args([job, &count]))?;
        let lwk = finish(on_lwk(workspace, options, &program).args([job, &count]))?;
        if !report(job, &native, &lwk) {
            different.push(job);
        }
    }
    if different.is_empty() { Ok(()) } else { bail!("not as on Linux: {}", different.join(", ")) }
}

fn on_lwk(workspace: &Workspace, options: &Options, program: &Path) -> Command {
    let mut command = Command::new(workspace.target.join("release/lwk-vmm"));
    command.args(options.cpus.iter().flat_map(|cpus| ["--cpus", cpus]));
    command.args(["--mem", &options.mem, "--stats", "--"]).arg(program);
    command
}

fn finish(command: &mut Command) -> Result<Outcome> {
    let began = Instant::now();
    let output = command.stdin(Stdio::null()).output().context("cannot start the program or lwk-vmm")?;
    Ok(Outcome {
        took: began.elapsed(),
        success: output.status.success(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// Prints how both went, with what the LWK says of memory; answers whether they went the same.
fn report(job: &str, native: &Outcome, lwk: &Outcome) -> bool {
    let same = native.success && lwk.success && native.stdout == lwk.stdout;
    let (ours, theirs) = (lwk.took.as_secs_f64(), native.took.as_secs_f64());
    println!("{} {job}: native {theirs:.1} s, LWK {ours:.1} s", if same { "ok  " } else { "FAIL" });
    lwk.stdout.lines().for_each(|line| println!("     {line}"));
    let is_told = |line: &&str| !same || line.contains("memory");
    lwk.stderr.lines().filter(is_told).for_each(|line| println!("     {line}"));
    same
}

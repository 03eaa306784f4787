//! The agent's parsers under libFuzzer: what a hostile partition can say must not hurt the host.
//!
//! Sanitizer coverage needs a nightly compiler, which builds the fuzz targets alone. Inputs that were found are kept
//! below the target folder; an input that crashes goes there too and its path is printed.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::workspace::{self, Workspace};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How long to fuzz, shared out among the targets
    #[arg(long, default_value_t = 60, value_name = "S")]
    seconds: u64,
    /// Run these targets only
    targets: Vec<String>,
}

/// Runs each fuzz target of `host-agent/fuzz` for its share of the time.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let targets = if options.targets.is_empty() { list(workspace)? } else { options.targets.clone() };
    let count = u64::try_from(targets.len())?;
    if count == 0 {
        bail!("host-agent/fuzz has no targets");
    }
    let seconds = (options.seconds / count).max(1);
    targets.iter().try_for_each(|target| fuzz(workspace, target, seconds))
}

fn fuzz(workspace: &Workspace, target: &str, seconds: u64) -> Result<()> {
    let folder = workspace.target.join("fuzz");
    let corpus = folder.join("corpus").join(target);
    let crashes = folder.join("crashes").join(target);
    for made in [&corpus, &crashes] {
        fs::create_dir_all(made).with_context(|| format!("cannot create {}", made.display()))?;
    }
    let mut command = cargo_fuzz(workspace, "run");
    command.arg("--target-dir").arg(folder.join("build")).arg(target).arg(&corpus);
    let seeds = workspace.root.join("host-agent/fuzz/seeds").join(target);
    if seeds.is_dir() {
        command.arg(seeds);
    }
    command.arg("--").arg(format!("-max_total_time={seconds}")).args(["-timeout=10", "-print_final_stats=1"]);
    workspace::run(command.arg(format!("-artifact_prefix={}/", crashes.display())))
}

fn list(workspace: &Workspace) -> Result<Vec<String>> {
    let listed = workspace::output(&mut cargo_fuzz(workspace, "list"))
        .context("`cargo install cargo-fuzz` and `rustup toolchain install nightly` provide what fuzzing needs")?;
    Ok(listed.split_whitespace().map(str::to_owned).collect())
}

/// cargo-fuzz under the nightly toolchain, whatever the checkout's own one is.
fn cargo_fuzz(workspace: &Workspace, action: &str) -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly", "cargo", "fuzz", action, "--fuzz-dir"]);
    command.arg(Path::new("host-agent").join("fuzz")).current_dir(&workspace.root).env_remove("CARGO");
    command
}

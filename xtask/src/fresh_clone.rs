//! README's commands, run as a newcomer would: in a clone, with nothing but what is committed.
//!
//! The commands are taken out of README.md itself, from the fenced blocks whose info string ends in `main-job` and
//! `tests`, so that what is promised there is what is run here.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::workspace::{self, Workspace};

/// The blocks that README must have.
const BLOCKS: [&str; 2] = ["main-job", "tests"];

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Build in this folder instead of the clone's own, so that dependencies are not built again
    #[arg(long, value_name = "DIR")]
    target_dir: Option<PathBuf>,
    /// Run only these blocks of README.md
    #[arg(value_parser = BLOCKS)]
    blocks: Vec<String>,
}

/// Clones the checkout's HEAD into a temporary folder and runs README's blocks there.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    warn_of_uncommitted_changes(workspace)?;
    let temporary = tempfile::tempdir().context("cannot create a temporary folder")?;
    let clone = temporary.path().join("clone");
    let mut git = Command::new("git");
    workspace::run(git.args(["clone", "--quiet", "--no-local"]).arg(&workspace.root).arg(&clone))?;
    let readme = fs::read_to_string(clone.join("README.md")).context("the clone has no README.md")?;
    let wanted: Vec<&str> = match options.blocks.as_slice() {
        [] => BLOCKS.to_vec(),
        blocks => blocks.iter().map(String::as_str).collect(),
    };
    for name in wanted {
        let script = block(&readme, name).with_context(|| format!("README.md has no fenced block `sh {name}`"))?;
        run_block(&clone, name, &script, options)?;
    }
    Ok(())
}

fn run_block(clone: &Path, name: &str, script: &str, options: &Options) -> Result<()> {
    println!("README.md, {name}:");
    let mut shell = Command::new("bash");
    shell.args(["-eo", "pipefail", "-c", script]).current_dir(clone).stdin(Stdio::null());
    forget_this_cargo(&mut shell);
    match &options.target_dir {
        Some(folder) => shell.env("CARGO_TARGET_DIR", std::path::absolute(folder)?),
        None => shell.env_remove("CARGO_TARGET_DIR"),
    };
    workspace::run(&mut shell).with_context(|| format!("README's block `{name}`"))
}

/// A newcomer's shell has none of the variables that `cargo run` set for this process.
fn forget_this_cargo(command: &mut Command) {
    let inherited = std::env::vars_os().map(|(name, _)| name);
    let of_cargo = |name: &std::ffi::OsString| {
        let name = name.to_string_lossy();
        name == "CARGO"
            || name == "RUSTUP_TOOLCHAIN"
            || name.starts_with("CARGO_PKG")
            || name.starts_with("CARGO_MANIFEST")
    };
    for name in inherited.filter(of_cargo) {
        command.env_remove(name);
    }
}

fn warn_of_uncommitted_changes(workspace: &Workspace) -> Result<()> {
    let mut status = Command::new("git");
    status.args(["status", "--porcelain"]).current_dir(&workspace.root);
    if !workspace::output(&mut status)?.is_empty() {
        eprintln!("warning: the checkout has uncommitted changes, which a clone does not see");
    }
    Ok(())
}

/// The text of the first fenced shell block whose info string names `name`.
fn block(readme: &str, name: &str) -> Option<String> {
    let mut lines = readme.lines();
    lines.find(|line| line.strip_prefix("```sh").is_some_and(|info| info.trim() == name))?;
    let text: Vec<&str> = lines.take_while(|line| !line.starts_with("```")).collect();
    Some(text.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const README: &str = "# t\n```sh\nno\n```\n```sh main-job\ncargo run\n```\n\n```sh tests\ncargo test\nls\n```\n";

    #[test]
    fn a_block_is_found_by_its_name() {
        assert_eq!(block(README, "main-job").as_deref(), Some("cargo run"));
        assert_eq!(block(README, "tests").as_deref(), Some("cargo test\nls"));
    }

    #[test]
    fn a_block_without_a_name_is_not_taken() {
        assert_eq!(block("```sh\ncargo run\n```\n", "main-job"), None);
    }
}

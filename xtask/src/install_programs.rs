//! Debian's packages of the programs that the differential test `installed` compares: one list, for people and for CI.

use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace;

/// What is installed, without what each only recommends.
const PACKAGES: &[&str] = &[
    // servers, and what drives them
    "redis-server",
    "redis-tools",
    "nginx",
    "wrk",
    "curl",
    // databases
    "postgresql",
    "sqlite3",
    // languages
    "golang-go",
    "nodejs",
    "openjdk-17-jdk-headless",
    "python3",
    "libpython3.11-testsuite",
    // ranks
    "openmpi-bin",
    "libopenmpi-dev",
    "mpich",
    "libmpich-dev",
    "gcc",
    "libc6-dev",
    // terminals
    "bash",
    "less",
    "vim-tiny",
    "util-linux",
];

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Say what is missing and install nothing
    #[arg(long)]
    missing: bool,
}

/// Installs what is missing; as root, on Debian 12.
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut missing = Vec::new();
    for package in PACKAGES.iter().copied() {
        if !is_installed(package)? {
            missing.push(package);
        }
    }
    if options.missing || missing.is_empty() {
        println!("missing: {}", if missing.is_empty() { "nothing".to_owned() } else { missing.join(" ") });
        return Ok(());
    }
    workspace::run(Command::new("apt-get").args(["update", "-q"]))?;
    let install = ["install", "-q", "-y", "--no-install-recommends"];
    workspace::run(Command::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive").args(install).args(missing))
}

fn is_installed(package: &str) -> Result<bool> {
    let output = Command::new("dpkg-query").args(["-W", "-f", "${db:Status-Status}", package]).output();
    let output = output.context("cannot start dpkg-query: this is for Debian")?;
    Ok(output.stdout == b"installed")
}

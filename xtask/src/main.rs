//! What CI and developers run beside cargo: `cargo xtask COMMAND`.
//!
//! Everything here could be a shell script, and would then be the one part of the project without types, tests and
//! reviewable errors. It is a program of the workspace instead, so a checkout and a toolchain are all it needs; only
//! the class H stage and the fuzzer ask for packages, and they say which.

mod class_h;
mod coverage;
mod docs;
mod fresh_clone;
mod fuzz;
mod install_programs;
mod lint;
mod loom;
mod soak;
mod stress;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use workspace::Workspace;

/// What CI and developers run beside cargo.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check format, clippy for the host and the bare target, and the rules of the source tree
    Lint,
    /// Build the documentation of every crate with warnings as errors
    Docs,
    /// Write docs/coverage.md from the system-call table
    Coverage(coverage::Options),
    /// Explore the ring's interleavings under loom
    Loom,
    /// Run the fuzz targets of the agent
    Fuzz(fuzz::Options),
    /// Run README's commands in a fresh clone
    FreshClone(fresh_clone::Options),
    /// Install Debian's packages of what the test `installed` runs
    InstallPrograms(install_programs::Options),
    /// Run stress-ng natively and on the LWK and compare how it ends
    Stress(stress::Options),
    /// Do natively and on the LWK what shows a leak when it is done often
    Soak(soak::Options),
    /// Run lwk-vmm in ring0 mode on an emulated host that has hardware KVM
    ClassH(class_h::Options),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let workspace = Workspace::find();
    let outcome = match &arguments.command {
        Command::Lint => lint::run(&workspace),
        Command::Docs => docs::run(&workspace),
        Command::Coverage(options) => coverage::run(&workspace, options),
        Command::Loom => loom::run(&workspace),
        Command::Fuzz(options) => fuzz::run(&workspace, options),
        Command::FreshClone(options) => fresh_clone::run(&workspace, options),
        Command::InstallPrograms(options) => install_programs::run(options),
        Command::Stress(options) => stress::run(&workspace, options),
        Command::Soak(options) => soak::run(&workspace, options),
        Command::ClassH(options) => class_h::run(&workspace, options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

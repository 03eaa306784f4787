//! The command line, which the driver writes.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Parser;

/// Measures one benchmark and reports to the driver.
#[derive(Parser, Debug)]
#[command(name = "bench-guest")]
pub(crate) struct Arguments {
    /// The benchmark
    pub(crate) name: String,

    /// The files for file calls, on disk
    #[arg(long, value_name = "FOLDER")]
    pub(crate) disk: PathBuf,

    /// The same on tmpfs
    #[arg(long, value_name = "FOLDER")]
    pub(crate) tmpfs: PathBuf,

    /// Size of the last-level cache
    #[arg(long, value_name = "BYTES")]
    pub(crate) cache: usize,

    /// Take a sixth of the batches
    #[arg(long)]
    pub(crate) quick: bool,

    /// The file, in the folder on disk, that must be the same on every kernel, instead of stdout
    #[arg(long, value_name = "FILE")]
    pub(crate) result: Option<PathBuf>,

    /// Of that, only lines that begin so must be the same
    #[arg(long, value_name = "TEXT")]
    pub(crate) lines: Option<String>,

    /// The program to run, where one is measured, and its arguments
    #[arg(last = true, value_name = "WORD")]
    pub(crate) words: Vec<OsString>,
}

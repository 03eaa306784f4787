//! HPC Challenge, one process, as large as a partition of 2 GiB can hold. It reads its input from the folder in which
//! it runs, and writes times and checks to `hpccoutf.txt`, of which the checks must be the same.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::{Preparation, with_installed, write};

const INPUT: &str = include_str!("../../programs/hpccinf.txt");
const OUTPUT: &str = "hpccoutf.txt";

pub(super) fn prepare(folder: &Path) -> Result<Preparation> {
    with_installed("hpcc", |hpcc| {
        write(folder, "hpccinf.txt", INPUT)?;
        // A new run adds to what an old one wrote, so each begins without it.
        let script = format!("rm -f {OUTPUT}; exec {}", hpcc.display());
        let shell = fs::canonicalize("/bin/sh").context("there is no shell")?;
        Ok(Preparation::run(&shell, ["-c", &script]).with(["--result", OUTPUT, "--lines", "Success="]))
    })
}

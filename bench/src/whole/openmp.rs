//! A stencil with OpenMP, as structured-grid codes are made of: bandwidth, and a barrier a step.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{Preparation, with_installed, write};

const SOURCE: &str = include_str!("../../programs/stencil.c");

pub(super) fn prepare(folder: &Path) -> Result<Preparation> {
    with_installed("gcc", |gcc| {
        let source = write(folder, "stencil.c", SOURCE)?;
        let program = folder.join("stencil");
        let mut command = Command::new(gcc);
        command.args(["-O3", "-march=native", "-fopenmp", "-o"]).arg(&program).arg(source);
        let output = command.output().context("cannot start gcc")?;
        ensure!(output.status.success(), "gcc fails: {}", String::from_utf8_lossy(&output.stderr));
        Ok(Preparation::run(&program, [""; 0]))
    })
}

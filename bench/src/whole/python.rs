//! python3 on a loop of what pyperformance measures: numbers, dictionaries, strings, objects, JSON.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{Preparation, with_installed, write};

const SCRIPT: &str = include_str!("../../programs/loop.py");

pub(super) fn prepare(folder: &Path) -> Result<Preparation> {
    with_installed("python3", |python| {
        let script = write(folder, "loop.py", SCRIPT)?;
        // What PATH names may be a shell script that looks for the interpreter.
        let output = Command::new(python).args(["-c", "import sys; print(sys.executable)"]).output();
        let output = output.context("cannot start python3")?;
        ensure!(output.status.success(), "python3 does not work: {}", String::from_utf8_lossy(&output.stderr));
        let interpreter = String::from_utf8(output.stdout)?;
        Ok(Preparation::run(Path::new(interpreter.trim_end()), [script]))
    })
}

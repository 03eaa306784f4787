//! LAMMPS' own benchmark of a Lennard-Jones liquid. Its output is full of times; the energies are what must be the same.

use std::path::Path;

use anyhow::Result;

use super::{Preparation, with_installed, write};

const INPUT: &str = include_str!("../../programs/lennard-jones.lammps");

pub(super) fn prepare(folder: &Path) -> Result<Preparation> {
    with_installed("lmp", |lammps| {
        let input = write(folder, "lennard-jones.lammps", INPUT)?;
        let words = ["-in".as_ref(), input.as_os_str(), "-log".as_ref(), "none".as_ref()];
        Ok(Preparation::run(lammps, words).with(["--lines", "energy"]))
    })
}

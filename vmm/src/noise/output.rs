//! The files of `--json` and `--plot`.
//!
//! A name that cannot be written is found out before a minute is spent measuring. Nothing is left at the name until
//! there is something to write, whatever happens in between.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::report::Report;
use super::{NoiseError, plot};
use crate::cli::NoiseOptions;

const JSON: &str = "--json";
const PLOT: &str = "--plot";

/// The files that are wanted.
#[derive(Debug)]
pub(super) struct Files {
    json: Option<PathBuf>,
    plot: Option<PathBuf>,
}

impl Files {
    /// Makes sure that they can be written.
    pub(super) fn check(options: &NoiseOptions) -> Result<Self, NoiseError> {
        let files = Self { json: options.json.clone(), plot: options.plot.clone() };
        for (option, path) in [(JSON, &files.json), (PLOT, &files.plot)] {
            if let Some(path) = path {
                try_to_write(path).map_err(|source| failed(option, path, source))?;
            }
        }
        Ok(files)
    }

    /// Writes them.
    pub(super) fn write(&self, report: &Report) -> Result<(), NoiseError> {
        if let Some(path) = &self.json {
            let text = serde_json::to_string_pretty(report).map_err(|error| failed(JSON, path, error.into()))?;
            fs::write(path, text + "\n").map_err(|source| failed(JSON, path, source))?;
        }
        if let Some(path) = &self.plot {
            let drawn = plot::draw(report);
            let drawn = drawn.map_err(|error| NoiseError::Drawing { path: path.clone(), text: error.to_string() })?;
            fs::write(path, drawn).map_err(|source| failed(PLOT, path, source))?;
        }
        Ok(())
    }
}

fn failed(option: &'static str, path: &Path, source: io::Error) -> NoiseError {
    NoiseError::File { option, path: path.to_owned(), source }
}

fn try_to_write(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            OpenOptions::new().write(true).open(path).map(drop)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trying_leaves_nothing_and_destroys_nothing() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let (old, new) = (folder.path().join("old"), folder.path().join("new"));
        fs::write(&old, "kept").expect("written");
        try_to_write(&old).expect("possible");
        try_to_write(&new).expect("possible");
        assert_eq!(fs::read_to_string(&old).expect("there"), "kept");
        assert!(!new.exists());
        try_to_write(folder.path()).expect_err("a directory");
        try_to_write(&folder.path().join("missing/file")).expect_err("no directory");
    }
}

//! Everything that a run found, and the files it goes to.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Serialize;

use crate::comparison::Comparison;
use crate::machine::Machine;
use crate::outcome::NotMeasured;
use crate::plot;

/// A run's outcome, as it stands in the JSON file.
#[derive(Debug, Serialize)]
pub(crate) struct Results {
    /// Where and how.
    pub(crate) machine: Machine,
    /// How often each side was measured.
    pub(crate) rounds: u32,
    /// Whether fewer batches were taken.
    pub(crate) quick: bool,
    /// One a benchmark.
    pub(crate) comparisons: Vec<Comparison>,
    /// What has no figures, and why.
    pub(crate) not_measured: Vec<NotMeasured>,
}

impl Results {
    /// Writes the JSON file and the plots into the folder, and the JSON to `copy` too; gives the paths of all.
    pub(crate) fn save(&self, folder: &Path, copy: Option<&Path>) -> Result<Vec<PathBuf>> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        let mut files = vec![folder.join("results.json")];
        files.extend(copy.map(Path::to_path_buf));
        for file in &files {
            fs::write(file, &text).with_context(|| format!("cannot write {}", file.display()))?;
        }
        let compared: Vec<&Comparison> = self.comparisons.iter().filter(|one| one.ratio.is_some()).collect();
        for (name, draw) in plot::ALL {
            let file = folder.join(name);
            draw(&compared, &file).with_context(|| format!("cannot draw {}", file.display()))?;
            files.push(file);
        }
        Ok(files)
    }
}

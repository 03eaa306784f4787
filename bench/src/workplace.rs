//! The files that both sides read and write, on disk and on tmpfs.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use bench::places::{DATA, DATA_BYTES, MANY, MANY_FILES};
use tempfile::TempDir;

const TMPFS: &str = "/dev/shm";
/// Of a folder's name; our process id comes next, then a dash.
const PREFIX: &str = "lwk-bench-";

/// Two folders, deleted with this value; those of runs that were killed are deleted by the next.
pub(crate) struct Workplace {
    disk: TempDir,
    tmpfs: TempDir,
}

impl Workplace {
    /// Makes them, the one on disk in `folder`. What is written stays in the page cache.
    pub(crate) fn new(folder: &Path) -> Result<Self> {
        let make = |folder: &Path| {
            sweep(folder);
            let made = TempDir::with_prefix_in(format!("{PREFIX}{}-", std::process::id()), folder);
            made.with_context(|| format!("cannot make a folder in {}", folder.display()))
        };
        let place = Self { disk: make(folder)?, tmpfs: make(Path::new(TMPFS))? };
        for folder in [place.disk(), place.tmpfs()] {
            fill(folder).with_context(|| format!("cannot fill {}", folder.display()))?;
        }
        Ok(place)
    }

    /// The folder on disk.
    pub(crate) fn disk(&self) -> &Path {
        self.disk.path()
    }

    /// The folder on tmpfs.
    pub(crate) fn tmpfs(&self) -> &Path {
        self.tmpfs.path()
    }
}

/// Deletes what killed runs have left. What cannot be deleted stays; it is in nobody's way.
fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_str().is_some_and(is_left_over) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Whether it is one of our folders whose process is gone.
fn is_left_over(name: &str) -> bool {
    let process = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once('-')?.0.parse::<u32>().ok());
    process.is_some_and(|process| !Path::new(&format!("/proc/{process}")).exists())
}

fn fill(folder: &Path) -> Result<()> {
    let content: Vec<u8> = (0..DATA_BYTES).map(|at| (at % 251).to_le_bytes()[0]).collect();
    File::create(folder.join(DATA))?.write_all(&content)?;
    let many = folder.join(MANY);
    fs::create_dir(&many)?;
    for number in 0..MANY_FILES {
        File::create(many.join(format!("{number:04}")))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_folders_of_dead_runs_are_left_over() {
        assert!(!is_left_over(&format!("{PREFIX}{}-abc", std::process::id())));
        assert!(is_left_over(&format!("{PREFIX}4294967295-abc")));
        assert!(!is_left_over("bench-1-abc"));
    }

    #[test]
    fn both_folders_hold_the_same_and_vanish() {
        let folder = tempfile::tempdir().unwrap();
        let place = Workplace::new(folder.path()).unwrap();
        for folder in [place.disk(), place.tmpfs()] {
            assert_eq!(fs::metadata(folder.join(DATA)).unwrap().len(), DATA_BYTES as u64);
            assert_eq!(fs::read_dir(folder.join(MANY)).unwrap().count(), MANY_FILES);
        }
        let tmpfs = place.tmpfs().to_path_buf();
        drop(place);
        assert!(!tmpfs.exists());
    }
}

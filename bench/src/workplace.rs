//! The files that both sides read and write, on disk and on tmpfs.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use bench::places::{DATA, DATA_BYTES, MANY, MANY_FILES};
use tempfile::TempDir;

const TMPFS: &str = "/dev/shm";

/// Two folders, deleted with this value, or left by a run that is killed.
pub(crate) struct Workplace {
    disk: TempDir,
    tmpfs: TempDir,
}

impl Workplace {
    /// Makes them, the one on disk in `folder`. What is written stays in the page cache.
    pub(crate) fn new(folder: &Path) -> Result<Self> {
        let make = |folder: &Path| {
            let made = TempDir::with_prefix_in("bench-", folder);
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

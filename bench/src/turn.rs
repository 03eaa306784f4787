//! Keeps the project's own tests from running partitions while a run is measured.
//!
//! A CPU belongs to one partition at a time, so a test and a measurement that want the same one cannot both have it.
//! The tests take turns by a lock on the workspace's manifest; a measurement takes its turn among them, run by run.

use std::fs::File;
use std::io;
use std::path::Path;

/// A turn, until it is dropped or the process dies.
pub(crate) struct Turn {
    _lock: Option<File>,
}

impl Turn {
    /// Waits for it. Away from the checkout there are no tests, and nothing to wait for.
    ///
    /// # Errors
    /// What flock(2) answers.
    pub(crate) fn wait() -> io::Result<Self> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
        let file = File::open(manifest).ok();
        if let Some(file) = &file {
            file.lock()?;
        }
        Ok(Self { _lock: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_exclude_each_other() {
        let turn = Turn::wait().unwrap();
        let other = File::open(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml")).unwrap();
        assert!(other.try_lock().is_err());
        drop(turn);
    }
}

//! Calls that look up or list names.

use std::fs::File;
use std::mem::MaybeUninit;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use bench::line::Report;
use bench::places::MANY_FILES;
use rustix::fs::{RawDir, SeekFrom};

use crate::sampler::Sampler;

/// Bytes for about thirty names.
const NAMES: usize = 1024;

/// stat(2) of the file's path.
pub(super) fn stat(sampler: Sampler, path: &Path) -> Result<Report> {
    sampler.measure(1, || {
        let found = rustix::fs::stat(path)?;
        Ok(found.st_ino ^ u64::try_from(found.st_size)?)
    })
}

/// open(2) and close(2) of the file.
pub(super) fn open_close(sampler: Sampler, path: &Path) -> Result<Report> {
    let expected = std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    sampler.measure(1, || {
        drop(File::open(path)?);
        Ok(expected.ino())
    })
}

/// getdents(2), again and again through a folder; the one lseek(2) back to its beginning is part of it.
pub(super) fn getdents(sampler: Sampler, path: &Path) -> Result<Report> {
    let folder = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let (calls, _) = list(&folder)?;
    sampler.measure(calls, || Ok(list(&folder)?.1))
}

/// How many calls it took, and a sum over the names.
fn list(folder: &File) -> Result<(u64, u64)> {
    rustix::fs::seek(folder, SeekFrom::Start(0))?;
    let mut buffer = [MaybeUninit::uninit(); NAMES];
    let mut entries = RawDir::new(folder, &mut buffer);
    let (mut calls, mut names, mut sum) = (0, 0, 0_u64);
    loop {
        calls += u64::from(entries.is_buffer_empty());
        let Some(entry) = entries.next() else { break };
        let name = entry?.file_name().to_bytes().iter().fold(0, |hash: u64, byte| hash * 31 + u64::from(*byte));
        (names, sum) = (names + 1, sum.wrapping_mul(7).wrapping_add(name));
    }
    // Two of them are the folder itself and the one above.
    ensure!(names == MANY_FILES + 2, "the folder has {names} names");
    Ok((calls, sum))
}

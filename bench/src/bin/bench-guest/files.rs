//! File calls on a file that is in the page cache: no disk is involved, only the way to the file system and the copy.

use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use bench::line::Report;

use crate::sampler::Sampler;

/// Bytes of the file that reads go round in, more than a core's L2 cache and less than any page cache.
pub(crate) const SIZE: u64 = 64 << 20;

/// pread(2) of `length` bytes, each from where the one before it ended, so that large reads come from memory.
pub(crate) fn pread(sampler: Sampler, path: &Path, length: usize) -> Result<Report> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let size = file.metadata()?.len();
    ensure!(size >= SIZE, "{} has {size} bytes; {SIZE} are needed", path.display());
    let mut buffer = vec![0_u8; length];
    let mut offset = 0;
    sampler.measure(1, || {
        let count = file.read_at(&mut buffer, offset)?;
        ensure!(count == length, "pread gave {count} bytes instead of {length}");
        offset = (offset + length as u64) % SIZE;
        Ok(u64::from(buffer[0]) << 16 | u64::from(buffer[length / 2]) << 8 | u64::from(buffer[length - 1]))
    })
}

/// stat(2) of the file's path.
pub(crate) fn stat(sampler: Sampler, path: &Path) -> Result<Report> {
    sampler.measure(1, || {
        let found = rustix::fs::stat(path)?;
        Ok(found.st_ino ^ u64::try_from(found.st_size)?)
    })
}

/// open(2) and close(2) of the file.
pub(crate) fn open_close(sampler: Sampler, path: &Path) -> Result<Report> {
    let expected = std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    sampler.measure(1, || {
        drop(File::open(path)?);
        Ok(expected.ino())
    })
}

//! File calls on a file that is in the page cache: no disk is involved, only the way to the file system and the copy.

use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use bench::line::Report;

use crate::sampler::Sampler;

/// Bytes that the file must have, more than any cache of a core holds.
pub(crate) const SIZE: u64 = 64 << 20;
/// Bytes that small reads go round in, few enough to stay in a core's L2 cache.
const HOT: u64 = 64 << 10;

/// pread(2) of `length` bytes out of the caches: the call is what is measured.
pub(crate) fn pread_hot(sampler: Sampler, path: &Path, length: usize) -> Result<Report> {
    pread(sampler, path, length, HOT)
}

/// pread(2) of `length` bytes out of memory: the copy is what is measured.
pub(crate) fn pread_bulk(sampler: Sampler, path: &Path, length: usize) -> Result<Report> {
    pread(sampler, path, length, SIZE)
}

/// Each read begins where the one before it ended, round and round in the first `window` bytes.
fn pread(sampler: Sampler, path: &Path, length: usize, window: u64) -> Result<Report> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let size = file.metadata()?.len();
    ensure!(size >= SIZE, "{} has {size} bytes; {SIZE} are needed", path.display());
    let mut buffer = vec![0_u8; length];
    let mut offset = 0;
    sampler.measure(1, || {
        let count = file.read_at(&mut buffer, offset)?;
        ensure!(count == length, "pread gave {count} bytes instead of {length}");
        offset = (offset + length as u64) % window;
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

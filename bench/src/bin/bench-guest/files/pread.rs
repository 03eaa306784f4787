//! pread(2) out of the page cache.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use bench::line::Report;
use bench::places::DATA_BYTES;

use crate::sampler::Sampler;

/// Bytes that small reads go round in, few enough to stay in a core's L2 cache.
pub(super) const HOT: u64 = 64 << 10;

/// Reads of `length` bytes out of the caches: the call is what is measured.
pub(super) fn hot(sampler: Sampler, path: &Path, length: usize) -> Result<Report> {
    round_and_round(sampler, path, length, HOT)
}

/// Reads of `length` bytes out of memory: the copy is what is measured.
pub(super) fn bulk(sampler: Sampler, path: &Path, length: usize) -> Result<Report> {
    round_and_round(sampler, path, length, DATA_BYTES as u64)
}

/// Each read begins where the one before it ended, round and round in the first `window` bytes.
fn round_and_round(sampler: Sampler, path: &Path, length: usize, window: u64) -> Result<Report> {
    let file = open(path)?;
    let mut buffer = vec![0_u8; length];
    let mut offset = 0;
    sampler.measure(1, || {
        let seen = read(&file, &mut buffer, offset)?;
        offset = (offset + length as u64) % window;
        Ok(seen)
    })
}

/// The file of at least [`DATA_BYTES`].
pub(super) fn open(path: &Path) -> Result<File> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let size = file.metadata()?.len();
    ensure!(size >= DATA_BYTES as u64, "{} has {size} bytes; {DATA_BYTES} are needed", path.display());
    Ok(file)
}

/// One read that fills the buffer; gives some of the bytes.
pub(super) fn read(file: &File, buffer: &mut [u8], offset: u64) -> Result<u64> {
    let length = buffer.len();
    let count = file.read_at(buffer, offset)?;
    ensure!(count == length, "pread gave {count} bytes instead of {length}");
    Ok(u64::from(buffer[0]) << 16 | u64::from(buffer[length / 2]) << 8 | u64::from(buffer[length - 1]))
}

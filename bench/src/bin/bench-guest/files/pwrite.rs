//! pwrite(2) to pages that the file has already.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use bench::line::Report;

use crate::sampler::Sampler;

/// Bytes that are written again and again: beyond a core's caches, and little for a disk to be given later.
const WINDOW: usize = 16 << 20;

/// Each write of `length` bytes begins where the one before it ended, round and round in the first [`WINDOW`] bytes.
pub(super) fn bulk(sampler: Sampler, path: &Path, length: usize) -> Result<Report> {
    let file = File::create(path).with_context(|| format!("cannot make {}", path.display()))?;
    let bytes: Vec<u8> = (0..length).map(|at| (at % 251).to_le_bytes()[0]).collect();
    for start in (0..WINDOW).step_by(length) {
        file.write_all_at(&bytes, start as u64)?;
    }
    let mut offset = 0;
    sampler.measure(1, || {
        let count = file.write_at(&bytes, offset as u64)?;
        ensure!(count == length, "pwrite took {count} bytes instead of {length}");
        offset = (offset + length) % WINDOW;
        Ok(count as u64)
    })
}

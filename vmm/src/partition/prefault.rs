//! Populates memory before boot, on all the CPUs at once: zeroing is bound by one CPU's bandwidth, not by the memory's.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::arch::host_memory::Mapping;

/// Bytes that a thread takes at a time; a multiple of every page size but 1 GiB, which is taken whole.
const SHARE: u64 = 64 << 20;

/// Populates the whole mapping, made of pages of `page` bytes.
///
/// # Errors
/// What madvise(2), `MADV_POPULATE_WRITE`, gives; EINVAL before Linux 5.14.
pub(super) fn populate(mapping: &Mapping, page: u64) -> io::Result<()> {
    let next = AtomicU64::new(0);
    let share = SHARE.max(page);
    let worker = || -> io::Result<()> {
        loop {
            let start = next.fetch_add(share, Ordering::Relaxed);
            if start >= mapping.length() {
                return Ok(());
            }
            mapping.populate(start, share.min(mapping.length() - start))?;
        }
    };
    let threads = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().unwrap_or_else(|_| Err(io::Error::other("a thread failed"))))
    })
}

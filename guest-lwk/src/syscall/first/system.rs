//! sysinfo(2).

use crate::arch::time::{self, Clock};
use crate::errno::SysResult;
use crate::memory::frames;
use crate::process::table;
use crate::process::thread::Thread;

/// Bytes of struct sysinfo, and where its fields are.
const BYTES: usize = 112;
const UPTIME: usize = 0;
const TOTAL_MEMORY: usize = 32;
const FREE_MEMORY: usize = 40;
const PROCESSES: usize = 80;
const UNIT: usize = 104;

/// sysinfo(2): memory and processes are the partition's.
pub fn information(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let (total, used, _) = frames::usage();
    let mut bytes = [0_u8; BYTES];
    let mut put = |at: usize, value: u64| bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
    put(UPTIME, time::now(Clock::Boottime) / 1_000_000_000);
    put(TOTAL_MEMORY, total);
    put(FREE_MEMORY, total - used);
    put(PROCESSES, table::count() as u64 & 0xffff);
    put(UNIT, 1);
    thread.process().space.lock().copy_out(arguments[0], &bytes)?;
    Ok(0)
}

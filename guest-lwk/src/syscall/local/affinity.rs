//! CPUs as a program sees them: the partition's, numbered from 0.

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use crate::arch::{boot, current};
use crate::errno::{Errno, SysResult};
use crate::process::table;
use crate::process::thread::Thread;
use crate::schedule;

/// The thread that `pid` names: 0 is the caller.
fn target(thread: &Thread, pid: u64) -> Result<Arc<Thread>, Errno> {
    match u32::try_from(pid & 0xffff_ffff) {
        Ok(0) => Ok(thread.arc()),
        Ok(tid) => table::thread(tid).ok_or(Errno::ESRCH),
        Err(_) => Err(Errno::ESRCH),
    }
}

fn to_bytes(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// `sched_getaffinity(2)`: answers how many bytes of the mask there are.
pub fn get(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [pid, length, address, ..] = arguments;
    let length = length & 0xffff_ffff;
    let cpus = u64::from(boot::page().vcpu_count);
    if length * 8 < cpus || length % 8 != 0 {
        return Err(Errno::EINVAL);
    }
    let mask = to_bytes(&target(thread, pid)?.allowed_vcpus());
    thread.process().space.lock().copy_out(address, &mask)?;
    Ok(mask.len() as u64)
}

/// `sched_setaffinity(2)`.
pub fn set(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [pid, length, address, ..] = arguments;
    let count = boot::page().vcpu_count as usize;
    let mut mask = vec![0_u8; count.div_ceil(64) * 8];
    let given = usize::try_from(length & 0xffff_ffff).unwrap_or(0).min(mask.len());
    thread.process().space.lock().copy_in(address, &mut mask[..given])?;
    let target = target(thread, pid)?;
    let is_set = |cpu: usize| mask[cpu / 8] & 1 << (cpu % 8) != 0;
    if !(0..count).any(is_set) {
        return Err(Errno::EINVAL);
    }
    let everywhere = (0..count).all(is_set);
    let words = mask.chunks_exact(8).map(|chunk| chunk.try_into().map_or(0, u64::from_le_bytes));
    *target.affinity.lock() = if everywhere { Vec::new() } else { words.collect() };
    // Wherever it runs, it moves when it is next on the way to its program.
    schedule::kick(&target);
    schedule::move_if_needed();
    Ok(0)
}

/// getcpu(2).
pub fn current(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [cpu, node, ..] = arguments;
    let mut space = thread.process().space.lock();
    if cpu != 0 {
        space.write(cpu, &u32::try_from(current::vcpu()).unwrap_or(0))?;
    }
    if node != 0 {
        space.write(node, &0_u32)?;
    }
    Ok(0)
}

//! CPUs as a program sees them: the partition's, numbered from 0.

use alloc::vec;

use crate::arch::{boot, current};
use crate::errno::{Errno, SysResult};
use crate::process::table;
use crate::process::thread::Thread;

fn check_target(thread: &Thread, pid: u64) -> Result<(), Errno> {
    let Ok(pid) = u32::try_from(pid & 0xffff_ffff) else { return Err(Errno::ESRCH) };
    let own = pid == 0 || pid == thread.tid() || table::find(pid).is_some();
    if own { Ok(()) } else { Err(Errno::ESRCH) }
}

/// `sched_getaffinity(2)`: answers how many bytes of the mask there are.
pub fn get(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [pid, length, address, ..] = arguments;
    let length = length & 0xffff_ffff;
    let cpus = boot::page().vcpu_count as usize;
    let bytes = cpus.div_ceil(64) * 8;
    if length * 8 < cpus as u64 || length % 8 != 0 {
        return Err(Errno::EINVAL);
    }
    check_target(thread, pid)?;
    let mut mask = vec![0_u8; bytes];
    for cpu in 0..cpus {
        mask[cpu / 8] |= 1 << (cpu % 8);
    }
    thread.process().space.lock().copy_out(address, &mask)?;
    Ok(bytes as u64)
}

/// `sched_setaffinity(2)`: accepted as long as the mask has the CPU that the thread is on.
pub fn set(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [pid, length, address, ..] = arguments;
    let count = boot::page().vcpu_count as usize;
    let mut mask = vec![0_u8; count.div_ceil(8)];
    let given = usize::try_from(length & 0xffff_ffff).unwrap_or(0).min(mask.len());
    thread.process().space.lock().copy_in(address, &mut mask[..given])?;
    check_target(thread, pid)?;
    let allowed = (0..count).any(|cpu| mask[cpu / 8] & (1 << (cpu % 8)) != 0);
    if allowed { Ok(0) } else { Err(Errno::EINVAL) }
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

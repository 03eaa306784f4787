//! membarrier(2): every other vCPU that runs a thread leaves its program once, which orders its memory accesses.

use core::sync::atomic::Ordering;

use crate::arch::boot;
use crate::errno::{Errno, SysResult};
use crate::process::thread::Thread;
use crate::schedule;

const QUERY: u64 = 0;
const GLOBAL: u64 = 1;
const GLOBAL_EXPEDITED: u64 = 1 << 1;
const REGISTER_GLOBAL: u64 = 1 << 2;
const PRIVATE: u64 = 1 << 3;
const REGISTER_PRIVATE: u64 = 1 << 4;
const PRIVATE_CORE: u64 = 1 << 5;
const REGISTER_PRIVATE_CORE: u64 = 1 << 6;
const PRIVATE_RSEQ: u64 = 1 << 7;
const REGISTER_PRIVATE_RSEQ: u64 = 1 << 8;
const GET_REGISTRATIONS: u64 = 1 << 9;
const COMMANDS: u64 = (1 << 10) - 1;
/// `MEMBARRIER_CMD_FLAG_CPU`.
const ONE_CPU: u64 = 1;

/// membarrier(2).
pub fn barrier(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [command, flags, cpu, ..] = arguments.map(|argument| argument & 0xffff_ffff);
    let of_one_cpu = command == PRIVATE_RSEQ && flags == ONE_CPU;
    if flags != 0 && !of_one_cpu {
        return Err(Errno::EINVAL);
    }
    let process = thread.process();
    let registered = |needed: u64| process.barriers.load(Ordering::Relaxed) & needed != 0;
    match command {
        QUERY => Ok(COMMANDS),
        GET_REGISTRATIONS => Ok(process.barriers.load(Ordering::Relaxed)),
        REGISTER_GLOBAL | REGISTER_PRIVATE | REGISTER_PRIVATE_CORE | REGISTER_PRIVATE_RSEQ => {
            process.barriers.fetch_or(command, Ordering::Relaxed);
            Ok(0)
        }
        GLOBAL | GLOBAL_EXPEDITED => {
            schedule::barrier(None);
            Ok(0)
        }
        PRIVATE | PRIVATE_CORE | PRIVATE_RSEQ => {
            // The command that registers follows the one that it is for.
            if !registered(command << 1) {
                return Err(Errno::EPERM);
            }
            if !of_one_cpu || cpu < u64::from(boot::page().vcpu_count) {
                schedule::barrier(Some(process.root()));
            }
            Ok(0)
        }
        _ => Err(Errno::EINVAL),
    }
}

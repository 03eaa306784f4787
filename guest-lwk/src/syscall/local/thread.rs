//! What the C library asks of the kernel for a thread.

use core::sync::atomic::Ordering;

use linux_raw_sys::general as abi;
use virtio_ikc::layout::PROGRAM_END;

use crate::arch::registers;
use crate::arch::time::{self, Clock};
use crate::errno::{Errno, SysResult};
use crate::process::signal::deliver::RESTART_WITH_FLAG;
use crate::process::signal::wait;
use crate::process::thread::Thread;

/// Codes of `arch_prctl(2)`.
const ARCH_SET_GS: u64 = 0x1001;
const ARCH_SET_FS: u64 = 0x1002;
const ARCH_GET_FS: u64 = 0x1003;
const ARCH_GET_GS: u64 = 0x1004;
const ARCH_GET_CPUID: u64 = 0x1011;
const ARCH_SET_CPUID: u64 = 0x1012;
/// Bytes of struct `robust_list_head`.
const ROBUST_HEAD_BYTES: u64 = 24;

/// `arch_prctl(2)`.
pub fn registers(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [code, address, ..] = arguments;
    match code & 0xffff_ffff {
        ARCH_SET_FS | ARCH_SET_GS => set_base(thread, code, address),
        ARCH_GET_FS | ARCH_GET_GS => {
            let (fs, gs) = registers::bases().unwrap_or(*thread.bases.lock());
            let base = if code & 0xffff_ffff == ARCH_GET_FS { fs } else { gs };
            thread.process().space.lock().write(address, &base)?;
            Ok(0)
        }
        ARCH_GET_CPUID => Ok(1),
        ARCH_SET_CPUID => Err(Errno::ENODEV),
        _ => Err(Errno::EINVAL),
    }
}

fn set_base(thread: &Thread, code: u64, base: u64) -> SysResult {
    if base >= PROGRAM_END {
        return Err(Errno::EPERM);
    }
    let mut bases = thread.bases.lock();
    if code & 0xffff_ffff == ARCH_SET_FS {
        bases.0 = base;
        registers::set_fs_base(base);
    } else {
        bases.1 = base;
        registers::set_gs_base(base);
    }
    Ok(0)
}

/// `set_tid_address(2)`.
pub fn set_clear_tid(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    thread.clear_tid.store(arguments[0], Ordering::Relaxed);
    Ok(u64::from(thread.tid()))
}

/// `set_robust_list(2)`.
pub fn set_robust_list(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [head, length, ..] = arguments;
    if length != ROBUST_HEAD_BYTES {
        return Err(Errno::EINVAL);
    }
    *thread.robust_list.lock() = (head, length);
    Ok(0)
}

/// `get_robust_list(2)`.
pub fn robust_list(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [tid, head, length, ..] = arguments;
    if tid != 0 && tid != u64::from(thread.tid()) {
        return Err(Errno::ESRCH);
    }
    let list = *thread.robust_list.lock();
    let mut space = thread.process().space.lock();
    space.write(length, &ROBUST_HEAD_BYTES)?;
    space.write(head, &list.0)?;
    Ok(0)
}

/// membarrier(2): with one thread every command but the query is done at once.
pub fn barrier(arguments: [u64; 6]) -> SysResult {
    const COMMANDS: u64 = 0x1ff;
    let [command, flags, ..] = arguments;
    if flags != 0 {
        return Err(Errno::EINVAL);
    }
    match command {
        0 => Ok(COMMANDS),
        command if command.is_power_of_two() && command & COMMANDS != 0 => Ok(0),
        _ => Err(Errno::EINVAL),
    }
}

/// futex(2) for a process with one thread: nobody else can wait, and only a signal or the time-out ends a wait.
pub fn futex(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [address, operation, value, timeout, ..] = arguments;
    let operation = u32::try_from(operation & 0xffff_ffff).unwrap_or(u32::MAX);
    if address % 4 != 0 {
        return Err(Errno::EINVAL);
    }
    match operation & !(abi::FUTEX_PRIVATE_FLAG | abi::FUTEX_CLOCK_REALTIME) {
        abi::FUTEX_WAIT => wait_on(thread, address, value, timeout, operation, false),
        abi::FUTEX_WAIT_BITSET => wait_on(thread, address, value, timeout, operation, true),
        abi::FUTEX_WAKE | abi::FUTEX_WAKE_BITSET => {
            thread.process().space.lock().read::<u32>(address)?;
            Ok(0)
        }
        abi::FUTEX_REQUEUE => Ok(0),
        abi::FUTEX_CMP_REQUEUE => {
            let found: u32 = thread.process().space.lock().read(address)?;
            let expected = arguments[5] & 0xffff_ffff;
            if u64::from(found) == expected { Ok(0) } else { Err(Errno::EAGAIN) }
        }
        _ => Err(Errno::ENOSYS),
    }
}

fn wait_on(thread: &Thread, address: u64, value: u64, timeout: u64, operation: u32, absolute: bool) -> SysResult {
    let deadline = {
        let mut space = thread.process().space.lock();
        let found: u32 = space.read(address)?;
        if u64::from(found) != value & 0xffff_ffff {
            return Err(Errno::EAGAIN);
        }
        if timeout == 0 { None } else { Some(space.read::<[u64; 2]>(timeout)?) }
    };
    let Some([seconds, nanoseconds]) = deadline else {
        wait::until_deliverable(thread);
        return Err(Errno(RESTART_WITH_FLAG));
    };
    if nanoseconds >= 1_000_000_000 || seconds > i64::MAX as u64 {
        return Err(Errno::EINVAL);
    }
    let mut end = seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds);
    if !absolute {
        end = end.saturating_add(time::now(Clock::Monotonic));
    } else if operation & abi::FUTEX_CLOCK_REALTIME != 0 {
        end = time::now(Clock::Monotonic).saturating_add(end.saturating_sub(time::now(Clock::Realtime)));
    }
    wait::sleep(thread, end).map_err(|_| Errno(RESTART_WITH_FLAG))?;
    Err(Errno::ETIMEDOUT)
}

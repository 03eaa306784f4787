//! What the C library asks of the kernel for a thread.

use core::sync::atomic::Ordering;

use virtio_ikc::layout::PROGRAM_END;

use crate::arch::registers;
use crate::errno::{Errno, SysResult};
use crate::process::thread::Thread;

/// Codes of `arch_prctl(2)`.
const ARCH_SET_GS: u64 = 0x1001;
const ARCH_SET_FS: u64 = 0x1002;
const ARCH_GET_FS: u64 = 0x1003;
const ARCH_GET_GS: u64 = 0x1004;
const ARCH_GET_CPUID: u64 = 0x1011;
const ARCH_SET_CPUID: u64 = 0x1012;

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

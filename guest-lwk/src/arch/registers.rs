//! The bases of FS and GS, which belong to the thread.
#![allow(unsafe_code)]

use core::arch::asm;

use virtio_ikc::boot::flag;

use super::{boot, privileged};

const MSR_FS_BASE: u32 = 0xc000_0100;
const MSR_GS_BASE: u32 = 0xc000_0101;

/// Sets the base of FS: the thread pointer.
pub fn set_fs_base(base: u64) {
    if !boot::has(flag::FSGSBASE) {
        return privileged::write_msr(MSR_FS_BASE, base);
    }
    // SAFETY: the LWK does not use FS; the VMM has enabled the instruction.
    unsafe { asm!("wrfsbase {}", in(reg) base, options(nomem, nostack)) }
}

/// Sets the base of GS.
pub fn set_gs_base(base: u64) {
    if !boot::has(flag::FSGSBASE) {
        return privileged::write_msr(MSR_GS_BASE, base);
    }
    // SAFETY: the LWK does not use GS; the VMM has enabled the instruction.
    unsafe { asm!("wrgsbase {}", in(reg) base, options(nomem, nostack)) }
}

/// The bases of FS and GS, which the program may have changed by itself, or `None` if only the LWK can set them.
pub fn bases() -> Option<(u64, u64)> {
    if !boot::has(flag::FSGSBASE) {
        return None;
    }
    let (fs, gs): (u64, u64);
    // SAFETY: reads only; the VMM has enabled the instructions.
    unsafe { asm!("rdfsbase {}", "rdgsbase {}", out(reg) fs, out(reg) gs, options(nomem, nostack)) }
    Some((fs, gs))
}

//! What the processor says about itself, and its clock.
#![allow(unsafe_code)]

use std::arch::x86_64::{__cpuid_count, _rdtsc, _xgetbv, CpuidResult};

/// CPUID leaf 1, ECX: the operating system has enabled XSAVE, so XGETBV may be used (Intel SDM vol. 1, 13.2).
const OSXSAVE: u32 = 1 << 27;

/// The time-stamp counter, which guests see unchanged.
pub(crate) fn ticks() -> u64 {
    // SAFETY: Linux leaves RDTSC open to programs unless prctl(2) PR_SET_TSC forbids it for this thread, which nobody asked for.
    unsafe { _rdtsc() }
}

/// What CPUID answers to a host program.
pub(crate) fn cpuid(leaf: u32, subleaf: u32) -> CpuidResult {
    __cpuid_count(leaf, subleaf)
}

/// The state components that Linux lets programs use (XCR0), or 1 (the x87 unit) without XSAVE.
pub(crate) fn enabled_state() -> u64 {
    if cpuid(1, 0).ecx & OSXSAVE == 0 {
        return 1;
    }
    // SAFETY: the processor has the instruction, as OSXSAVE says.
    unsafe { _xgetbv(0) }
}

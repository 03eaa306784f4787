//! Exceptions of programs: page faults that memory can answer, and signals for the rest.

use lwk_core::signal::{Signal, SignalInfo, code};

use super::signal;
use super::thread::Thread;
use crate::arch::context::Context;
use crate::arch::fpu;
use crate::statistics;

/// Exceptions (Intel SDM vol. 3, 6.15).
const DIVIDE_ERROR: u64 = 0;
const DEBUG: u64 = 1;
const BREAKPOINT: u64 = 3;
const INVALID_OPCODE: u64 = 6;
const STACK_FAULT: u64 = 12;
const PAGE_FAULT: u64 = 14;
const X87_ERROR: u64 = 16;
const ALIGNMENT: u64 = 17;
const SIMD_ERROR: u64 = 19;
/// `si_code` of floating-point errors (sigaction(2)).
const FPE_FLTDIV: i32 = 3;
const FPE_FLTOVF: i32 = 4;
const FPE_FLTUND: i32 = 5;
const FPE_FLTRES: i32 = 6;
const FPE_FLTINV: i32 = 7;

/// Acts on exception `vector` of `thread`.
pub fn exception(thread: &Thread, context: &Context, vector: u64, error: u64, address: u64) {
    if vector == PAGE_FAULT {
        return thread.spent.in_system(|| page_fault(thread, error, address));
    }
    thread.signals.lock().trap = [vector, error, 0];
    let at = context.rip;
    let information = match vector {
        DIVIDE_ERROR => SignalInfo::fault(Signal::FPE, code::FPE_INTDIV, at),
        DEBUG => SignalInfo::fault(Signal::TRAP, code::TRAP_TRACE, at),
        BREAKPOINT => SignalInfo::new(Signal::TRAP, code::SI_KERNEL),
        X87_ERROR => SignalInfo::fault(Signal::FPE, floating_point_code(fpu::x87_exceptions()), at),
        SIMD_ERROR => SignalInfo::fault(Signal::FPE, floating_point_code(fpu::simd_exceptions()), at),
        INVALID_OPCODE => SignalInfo::fault(Signal::ILL, code::ILL_ILLOPN, at),
        ALIGNMENT => SignalInfo::fault(Signal::BUS, code::BUS_ADRALN, 0),
        STACK_FAULT => SignalInfo::new(Signal::BUS, code::SI_KERNEL),
        _ => SignalInfo::new(Signal::SEGV, code::SI_KERNEL),
    };
    signal::force(thread, information);
}

/// The code for the unmasked exceptions that are flagged, the gravest first (Intel SDM vol. 1, 8.5 and 11.5.2).
fn floating_point_code(flagged: u32) -> i32 {
    match flagged {
        flagged if flagged & 0x01 != 0 => FPE_FLTINV,
        flagged if flagged & 0x04 != 0 => FPE_FLTDIV,
        flagged if flagged & 0x08 != 0 => FPE_FLTOVF,
        flagged if flagged & 0x12 != 0 => FPE_FLTUND,
        flagged if flagged & 0x20 != 0 => FPE_FLTRES,
        _ => 0,
    }
}

fn page_fault(thread: &Thread, error: u64, address: u64) {
    statistics::page_fault();
    let resolved = thread.process().space.lock().resolve_fault(address, error);
    let Err(bad) = resolved else { return };
    thread.signals.lock().trap = [PAGE_FAULT, error, address];
    let signal = Signal::new(bad.signal).unwrap_or(Signal::SEGV);
    signal::force(thread, SignalInfo::fault(signal, bad.code, address));
}

/// What a signal frame that cannot be restored is answered with (`rt_sigreturn(2)` does not fail).
pub fn bad_frame(thread: &Thread) {
    signal::force(thread, SignalInfo::new(Signal::SEGV, code::SI_KERNEL));
}

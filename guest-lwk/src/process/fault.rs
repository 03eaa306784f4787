//! Exceptions of programs: page faults that memory can answer, and signals for the rest.

use lwk_core::signal::{Signal, SignalInfo, code};

use super::signal;
use super::thread::Thread;
use crate::arch::context::Context;
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
/// `FPE_FLTINV`: the code that says least about a floating-point error.
const FPE_FLTINV: i32 = 7;

/// Acts on exception `vector` of `thread`.
pub fn exception(thread: &Thread, context: &Context, vector: u64, error: u64, address: u64) {
    if vector == PAGE_FAULT {
        return page_fault(thread, error, address);
    }
    thread.signals.lock().trap = [vector, error, 0];
    let at = context.rip;
    let information = match vector {
        DIVIDE_ERROR => SignalInfo::fault(Signal::FPE, code::FPE_INTDIV, at),
        DEBUG => SignalInfo::fault(Signal::TRAP, code::TRAP_TRACE, at),
        BREAKPOINT => SignalInfo::new(Signal::TRAP, code::SI_KERNEL),
        X87_ERROR | SIMD_ERROR => SignalInfo::fault(Signal::FPE, FPE_FLTINV, at),
        INVALID_OPCODE => SignalInfo::fault(Signal::ILL, code::ILL_ILLOPN, at),
        ALIGNMENT => SignalInfo::fault(Signal::BUS, code::BUS_ADRALN, 0),
        STACK_FAULT => SignalInfo::new(Signal::BUS, code::SI_KERNEL),
        _ => SignalInfo::new(Signal::SEGV, code::SI_KERNEL),
    };
    signal::force(thread, information);
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

//! The LWK's first instructions on each vCPU, and its last ones before a program's first.
#![allow(unsafe_code)]

use core::arch::asm;

use super::{boot, current, entry, privileged, time, trap};
use crate::process::rewrite;
use crate::process::thread::Thread;
use crate::schedule::ASK_TO_LOOK;
use crate::syscall::quick;

/// Where every vCPU starts: `page` is the boot page's address in the direct map, `vcpu` the vCPU's index. The VMM has set up all
/// else: stack, page tables, segments, descriptor tables.
#[unsafe(no_mangle)]
extern "sysv64" fn lwk_start(page: u64, vcpu: u64) -> ! {
    let vcpu = usize::try_from(vcpu).unwrap_or(0);
    // The same page for all of them; the others do not wait for the first one.
    boot::set(page);
    prepare_entry(vcpu);
    rewrite::register(vcpu, time::processor_number());
    crate::boot(vcpu)
}

/// Tells the entry code of `vcpu` where the LWK's handlers are.
fn prepare_entry(vcpu: usize) {
    let data = privileged::entry_data(vcpu);
    // SAFETY: the page belongs to this vCPU, which has not run a program yet.
    unsafe {
        (*data).system_call_handler = trap::system_call as *const () as u64;
        (*data).trap_handler = trap::trap as *const () as u64;
        (*data).quick_calls = quick::numbers();
        (*data).quick_call_handler = trap::quick_call as *const () as u64;
    }
}

/// Makes `thread` the one whose registers the entry code of this vCPU, `vcpu`, saves and loads.
pub fn use_thread(vcpu: usize, thread: &Thread) {
    let data = privileged::entry_data(vcpu);
    let context = thread.context_address();
    // SAFETY: as for `prepare_entry`; called on that vCPU.
    unsafe {
        (*data).context = context;
        (*data).stack_top = context;
    }
}

/// Goes to the current thread's program with all registers of its context, after a last look at its signals.
pub fn enter_program() -> ! {
    privileged::ask(current::vcpu(), ASK_TO_LOOK);
    let place = privileged::entry_code(current::vcpu()) + entry::places().return_full;
    // SAFETY: the context was written by the loader or saved by the entry code.
    unsafe { asm!("jmp {}", in(reg) place, options(noreturn)) }
}

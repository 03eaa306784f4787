//! From one thread's LWK stack to another's.
//!
//! A thread that is not running has its preserved registers and a return address on its stack; its program's registers lie above.
#![allow(unsafe_code)]

use core::arch::global_asm;
use core::sync::atomic::AtomicU64;

global_asm!(
    r#"
// lwk_switch(rdi: where to leave the stack pointer, rsi: the stack pointer to go on with)
    .text
lwk_switch:
    push rbx
    push rbp
    push r12
    push r13
    push r14
    push r15
    mov [rdi], rsp
    mov rsp, rsi
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbp
    pop rbx
    ret
"#
);

unsafe extern "sysv64" {
    fn lwk_switch(save: *const AtomicU64, load: u64);
}

/// Registers that `lwk_switch` pops.
const SAVED: u64 = 6;

/// Lets the stack whose first free byte is below `top` (a multiple of 16) begin with `body`; answers its stack pointer.
pub fn prepare(top: u64, body: extern "sysv64" fn() -> !) -> u64 {
    let words = [0, 0, 0, 0, 0, 0, body as *const () as u64, 0];
    let start = top - words.len() as u64 * 8;
    // SAFETY: the caller has just made the stack; nobody runs on it.
    unsafe { (start as *mut [u64; 8]).write(words) }
    const { assert!(SAVED == 6) }
    start
}

/// Goes on with the stack pointer `load`, which `prepare` answered or an earlier switch left; comes back when another
/// switch goes on with what this one leaves in `save`.
pub fn switch(save: *const AtomicU64, load: u64) {
    // SAFETY: the scheduler hands out each stack once, and `save` lives in a thread that it keeps until it is left.
    unsafe { lwk_switch(save, load) }
}

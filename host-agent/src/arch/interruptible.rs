//! Calls that can be interrupted without a race.
//!
//! Whoever wants to interrupt a call marks its word and sends the thread a signal. That signal can arrive before the
//! call, in it or after it, and a plain EINTR catches the second case only: a signal that arrives just before
//! `syscall` would be forgotten and the thread wait for ever. So calls that may wait are made by one routine whose
//! bounds are known. The signal's handler looks where it hit: between the check of the mark and the `syscall`
//! instruction (or back on it, when Linux is about to restart the call) nothing has been done yet, and the
//! handler sends the thread to the way out. After it, the call's own answer counts. musl cancels threads so.
//!
//! A call that did not begin is made all the same, because Linux interrupts only what waits: while it runs, a timer sends the
//! signal again and again.
#![allow(unsafe_code)]

use std::arch::global_asm;
use std::cell::Cell;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use super::raw_call::Argument;
use super::signal::{INTERRUPT_SIGNAL, install};

/// What an interrupted call answers: `-EINTR`.
pub(crate) const INTERRUPTED: i64 = -(libc::EINTR as i64);

/// What the routine answers when the mark was there before the call; no answer of Linux's.
const NOT_BEGUN: i64 = -5000;

/// What a thread shares with those who may interrupt it.
#[derive(Debug, Default)]
pub(crate) struct Interruptible {
    /// The call that runs; negative once it is to be interrupted.
    pub(crate) word: AtomicI64,
    /// How often the handler has run on this thread.
    pub(crate) handled: AtomicU32,
}

global_asm!(
    // lwk_interruptible_call(rdi: word, rsi: arguments, rdx: number)
    ".pushsection .text.lwk_interruptible_call,\"ax\",@progbits",
    ".globl lwk_interruptible_call",
    ".type lwk_interruptible_call,@function",
    "lwk_interruptible_call:",
    "push r12",
    "mov r12, rdi",
    "mov rax, rdx",
    "mov r11, rsi",
    "mov rdi, [r11]",
    "mov rsi, [r11 + 8]",
    "mov rdx, [r11 + 16]",
    "mov r10, [r11 + 24]",
    "mov r8, [r11 + 32]",
    "mov r9, [r11 + 40]",
    ".globl lwk_interruptible_begin",
    "lwk_interruptible_begin:",
    "cmp qword ptr [r12], 0",
    "jl lwk_interruptible_abort",
    ".globl lwk_interruptible_syscall",
    "lwk_interruptible_syscall:",
    "syscall",
    "pop r12",
    "ret",
    ".globl lwk_interruptible_abort",
    "lwk_interruptible_abort:",
    "mov rax, {NOT_BEGUN}",
    "pop r12",
    "ret",
    ".size lwk_interruptible_call, . - lwk_interruptible_call",
    ".popsection",
    NOT_BEGUN = const NOT_BEGUN,
);

unsafe extern "C" {
    fn lwk_interruptible_call(word: *const AtomicI64, arguments: *const [Argument<'_>; 6], number: i64) -> i64;
    fn lwk_interruptible_begin();
    fn lwk_interruptible_syscall();
    fn lwk_interruptible_abort();
}

thread_local! {
    static HANDLED: Cell<Option<&'static AtomicU32>> = const { Cell::new(None) };
}

impl Interruptible {
    /// Names this thread's counter to the handler.
    pub(crate) fn adopt(&'static self) {
        HANDLED.set(Some(&self.handled));
    }

    /// Executes system call `number`. `None` if `word` was negative before it began.
    pub(crate) fn call(&self, number: i64, arguments: [Argument<'_>; 6]) -> Option<i64> {
        // SAFETY: the routine keeps the C calling convention, reads the two references while they live, and makes a
        // system call whose arguments are as sound as those of `raw_call::call`.
        let answer = unsafe { lwk_interruptible_call(&raw const self.word, &raw const arguments, number) };
        (answer != NOT_BEGUN).then_some(answer)
    }
}

/// Installs the handler of the interrupting signal for the whole process.
pub(crate) fn install_handler() {
    install(INTERRUPT_SIGNAL, on_interrupt);
}

extern "C" fn on_interrupt(_signal: i32, _info: *const libc::siginfo_t, context: *mut libc::ucontext_t) {
    // SAFETY: Linux hands a handler with SA_SIGINFO the context that it restores on return.
    let registers = unsafe { &mut (*context).uc_mcontext.gregs };
    let at = registers[libc::REG_RIP as usize];
    let begin = lwk_interruptible_begin as *const () as i64;
    let last = lwk_interruptible_syscall as *const () as i64;
    if (begin..=last).contains(&at) {
        let word: *const AtomicI64 =
            std::ptr::with_exposed_provenance(usize::from_ne_bytes(registers[libc::REG_R12 as usize].to_ne_bytes()));
        // SAFETY: inside the routine R12 holds the reference that `Interruptible::call` was given.
        if unsafe { &*word }.load(Ordering::Relaxed) < 0 {
            registers[libc::REG_RIP as usize] = lwk_interruptible_abort as *const () as i64;
        }
    }
    if let Some(handled) = HANDLED.get() {
        handled.fetch_add(1, Ordering::Release);
    }
}

//! fork(3) with other flags of clone(2) than its own.
//!
//! Only the C library's fork leaves its allocator, its lists of threads and the tid that it remembers in order when the process has
//! threads; but it makes a child with SIGCHLD and nothing else. So the library forks as it always does, and its one system call that makes
//! the child is given the wanted flags on the way: Linux hands the calling thread's system calls to a handler of ours (syscall user dispatch,
//! prctl(2), since Linux 5.11), which makes them in its place. In the child that is over by itself.
//!
//! All that the handler executes lies in a section of its own, from which calls are not handed over; so it does not matter whether the
//! library is linked statically.
#![allow(unsafe_code)]

use std::arch::global_asm;
use std::io;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use super::fork::fork;
use super::signal::{SignalSet, install_with, with_only};

/// `PR_SET_SYSCALL_USER_DISPATCH`.
const SET_DISPATCH: i32 = 59;
/// `PR_SYS_DISPATCH_OFF` and `PR_SYS_DISPATCH_ON`, and the two values of the selector.
const OFF: libc::c_ulong = 0;
const ON: libc::c_ulong = 1;
const ALLOW: u8 = 0;
const BLOCK: u8 = 1;
/// `si_code` of a system call that was handed over.
const SYS_USER_DISPATCH: i32 = 2;
/// The signal at the end of the child, in the flags of clone(2).
const EXIT_SIGNAL: i64 = 0xff;

static SELECTOR: AtomicU8 = AtomicU8::new(ALLOW);
/// What the next child is made with. Forks happen one at a time.
static WANTED: AtomicU64 = AtomicU64::new(0);

global_asm!(
    ".pushsection .text.lwk_dispatch,\"ax\",@progbits",
    // lwk_dispatch_call(rdi: number, rsi: arguments)
    ".globl lwk_dispatch_call",
    ".type lwk_dispatch_call,@function",
    "lwk_dispatch_call:",
    "mov rax, rdi",
    "mov r11, rsi",
    "mov rdi, [r11]",
    "mov rsi, [r11 + 8]",
    "mov rdx, [r11 + 16]",
    "mov r10, [r11 + 24]",
    "mov r8, [r11 + 32]",
    "mov r9, [r11 + 40]",
    "syscall",
    "ret",
    ".size lwk_dispatch_call, . - lwk_dispatch_call",
    ".globl lwk_dispatch_restorer",
    ".type lwk_dispatch_restorer,@function",
    "lwk_dispatch_restorer:",
    "mov eax, 15", // rt_sigreturn
    "syscall",
    // Linux compares the address behind a call, which must lie in the section, too.
    "ud2",
    ".size lwk_dispatch_restorer, . - lwk_dispatch_restorer",
    ".globl lwk_dispatch_end",
    "lwk_dispatch_end:",
    ".popsection",
);

unsafe extern "C" {
    fn lwk_dispatch_call(number: i64, arguments: *const i64) -> i64;
    fn lwk_dispatch_restorer();
    fn lwk_dispatch_end();
}

/// Forks as [`fork`] does; `flags` are the exit signal and the flags of clone(2) that the child is made with. Called by one thread at a time.
///
/// # Errors
/// Those of fork(2); EINVAL if Linux cannot.
pub(crate) fn fork_as(flags: u64) -> io::Result<Option<u32>> {
    // A handler that interrupts the fork would make its own calls from elsewhere.
    with_only(SignalSet::one(libc::SIGSYS.cast_unsigned()), || {
        install_with(libc::SIGSYS.cast_unsigned(), take, lwk_dispatch_restorer);
        WANTED.store(flags, Ordering::Relaxed);
        let forked = dispatch(ON).and_then(|()| {
            SELECTOR.store(BLOCK, Ordering::SeqCst);
            let forked = fork();
            SELECTOR.store(ALLOW, Ordering::SeqCst);
            forked
        });
        // Nothing is handed over that the selector allows, so should this fail it does not matter.
        let _ = dispatch(OFF);
        super::default_action(libc::SIGSYS.cast_unsigned());
        forked
    })
}

fn dispatch(mode: libc::c_ulong) -> io::Result<()> {
    let start = lwk_dispatch_call as *const () as libc::c_ulong;
    let length = lwk_dispatch_end as *const () as libc::c_ulong - start;
    let (start, length, selector) =
        if mode == ON { (start, length, SELECTOR.as_ptr()) } else { (0, 0, std::ptr::null_mut()) };
    // SAFETY: the section and the selector live as long as the process, and the handler is installed.
    let done = unsafe { libc::prctl(SET_DISPATCH, mode, start, length, selector) };
    if done == 0 { Ok(()) } else { Err(io::ErrorKind::InvalidInput.into()) }
}

/// Makes the system call that was handed over, or passes a SIGSYS of somebody else's on to the first thread, which takes signals.
extern "C" fn take(signal: i32, info: *const libc::siginfo_t, context: *mut libc::ucontext_t) {
    // SAFETY: Linux gives a handler with SA_SIGINFO both.
    let (code, context) = unsafe { ((*info).si_code, &mut *context) };
    if code != SYS_USER_DISPATCH {
        let process = i64::from(std::process::id());
        make(libc::SYS_rt_tgsigqueueinfo, [process, process, signal.into(), info as i64, 0, 0]);
        return;
    }
    let registers = &mut context.uc_mcontext.gregs;
    let place = |register: i32| register.unsigned_abs() as usize;
    let names = [libc::REG_RDI, libc::REG_RSI, libc::REG_RDX, libc::REG_R10, libc::REG_R8, libc::REG_R9];
    let arguments = names.map(|name| registers[place(name)]);
    let result = serve(registers[place(libc::REG_RAX)], arguments, &mut context.uc_sigmask);
    context.uc_mcontext.gregs[place(libc::REG_RAX)] = result;
}

fn serve(number: i64, mut arguments: [i64; 6], mask: &mut libc::sigset_t) -> i64 {
    let wanted = WANTED.load(Ordering::Relaxed).cast_signed();
    match number {
        libc::SYS_rt_sigprocmask => change_mask(arguments, mask),
        libc::SYS_clone if arguments[0] & EXIT_SIGNAL == i64::from(libc::SIGCHLD) => {
            arguments[0] = arguments[0] & !EXIT_SIGNAL | wanted;
            make(number, arguments)
        }
        libc::SYS_fork => make(libc::SYS_clone, [wanted, 0, 0, 0, 0, 0]),
        // A library that has nothing else cannot be helped.
        libc::SYS_clone | libc::SYS_clone3 | libc::SYS_vfork => -i64::from(libc::ENOSYS),
        _ => make(number, arguments),
    }
}

/// `rt_sigprocmask(2)`: the mask is what the handler returns to. SIGSYS must not be blocked, the next call would end the process.
fn change_mask([how, new, old, ..]: [i64; 6], mask: &mut libc::sigset_t) -> i64 {
    let mask = std::ptr::from_mut(mask).cast::<u64>();
    // SAFETY: the library calls with pointers to its own sets, of the kernel's size or larger, or null.
    unsafe {
        let before = *mask;
        if let Some(new) = (new as *const u64).as_ref() {
            let changed = match i32::try_from(how) {
                Ok(libc::SIG_BLOCK) => before | new,
                Ok(libc::SIG_UNBLOCK) => before & !new,
                _ => *new,
            };
            *mask = changed & !SignalSet::one(libc::SIGSYS.cast_unsigned()).0;
        }
        if let Some(old) = (old as *mut u64).as_mut() {
            *old = before;
        }
    }
    0
}

fn make(number: i64, arguments: [i64; 6]) -> i64 {
    // SAFETY: the call is the library's own, as it made it but for the flags of a child without shared memory, or sends a signal.
    unsafe { lwk_dispatch_call(number, arguments.as_ptr()) }
}

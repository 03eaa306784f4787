//! Signals below the C library, which keeps the first real-time signals to itself and refuses to say so.
#![allow(unsafe_code)]

use std::arch::global_asm;
use std::mem::{offset_of, size_of};
use std::slice;

use virtio_ikc::message::SIGINFO_BYTES;

use super::raw_call::{Argument, call};

/// The signal that interrupts a thread in an offloaded call: the first real-time signal, which no C library gives
/// to programs.
pub(crate) const INTERRUPT_SIGNAL: u32 = 32;
/// The signal by which Linux tells a proxy that its parent is dead: the second of those.
pub(crate) const PARENT_GONE_SIGNAL: u32 = 33;

/// Bytes of the kernel's signal sets.
const SET_BYTES: u64 = 8;
const SA_RESTORER: u64 = 0x0400_0000;

/// A handler with SA_SIGINFO.
pub(super) type Handler = extern "C" fn(i32, *const libc::siginfo_t, *mut libc::ucontext_t);

/// The kernel's `struct sigaction` on x86-64 (rt_sigaction(2)).
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
struct Action {
    handler: usize,
    flags: u64,
    restorer: usize,
    mask: u64,
}

/// A set of signals: bit n - 1 stands for signal n.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(transparent)]
pub(crate) struct SignalSet(pub(crate) u64);

impl SignalSet {
    /// No signal.
    pub(crate) const NONE: Self = Self(0);
    /// All signals.
    pub(crate) const ALL: Self = Self(u64::MAX);
    /// The one that interrupts threads in offloaded calls.
    pub(crate) const INTERRUPT: Self = Self::one(INTERRUPT_SIGNAL);
    /// The one that tells of the parent's death.
    pub(crate) const PARENT_GONE: Self = Self::one(PARENT_GONE_SIGNAL);

    /// Those that Linux sends to a job in the background that uses its terminal (termios(3)). A thread that blocks them
    /// is not stopped but refused (EIO), so a thread that makes calls must not.
    pub(crate) const TERMINAL: Self =
        Self::one(libc::SIGTTIN.cast_unsigned()).with(Self::one(libc::SIGTTOU.cast_unsigned()));

    /// The set of `signal` alone; empty if there is no such signal.
    pub(crate) const fn one(signal: u32) -> Self {
        match signal {
            1..=64 => Self(1 << (signal - 1)),
            _ => Self(0),
        }
    }

    /// Whether it holds a signal of `other`.
    pub(crate) const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// This set and `other`.
    pub(crate) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// This set without `other`.
    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

/// A signal's siginfo_t, as much of it as an event carries.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(8))]
pub(crate) struct SignalInfo {
    /// The first bytes.
    pub(crate) bytes: [u8; SIGINFO_BYTES],
    rest: [u8; size_of::<libc::siginfo_t>() - SIGINFO_BYTES],
}

impl SignalInfo {
    /// Bytes of a siginfo_t.
    pub(crate) const BYTES: usize = size_of::<libc::siginfo_t>();

    /// The siginfo_t that begins with these bytes.
    pub(crate) fn from_bytes(from: &[u8; Self::BYTES]) -> Self {
        let mut info = Self { bytes: [0; SIGINFO_BYTES], rest: [0; _] };
        info.bytes.copy_from_slice(&from[..SIGINFO_BYTES]);
        info
    }

    /// `si_code`: who sent it, and why (sigaction(2)).
    pub(crate) fn code(&self) -> i32 {
        self.bytes[offset_of!(libc::siginfo_t, si_code)..].first_chunk().map_or(0, |code| i32::from_ne_bytes(*code))
    }

    /// The same of another signal.
    pub(crate) fn named(mut self, signal: u32) -> Self {
        self.bytes[..4].copy_from_slice(&signal.to_ne_bytes());
        self
    }
}

global_asm!(
    ".pushsection .text.lwk_signal_restorer,\"ax\",@progbits",
    ".globl lwk_signal_restorer",
    ".type lwk_signal_restorer,@function",
    "lwk_signal_restorer:",
    "mov eax, 15", // rt_sigreturn
    "syscall",
    ".size lwk_signal_restorer, . - lwk_signal_restorer",
    ".popsection",
);

unsafe extern "C" {
    fn lwk_signal_restorer();
}

/// Installs `handler` for `signal`; calls it interrupts are not restarted.
pub(super) fn install(signal: u32, handler: Handler) {
    install_with(signal, handler, lwk_signal_restorer);
}

/// The same with another way back from the handler.
pub(super) fn install_with(signal: u32, handler: Handler, restorer: unsafe extern "C" fn()) {
    let action = Action {
        handler: handler as *const () as usize,
        flags: u64::from((libc::SA_SIGINFO | libc::SA_ONSTACK).cast_unsigned()) | SA_RESTORER,
        restorer: restorer as *const () as usize,
        mask: SignalSet::ALL.0,
    };
    set_action(signal, action);
}

fn set_action(signal: u32, action: Action) {
    let arguments = [
        Argument::number(signal.into()),
        Argument::own_shared(slice::from_ref(&action)),
        Argument::NULL,
        Argument::number(SET_BYTES),
        Argument::NULL,
        Argument::NULL,
    ];
    call(libc::SYS_rt_sigaction, arguments);
}

/// The signals that this process ignores.
pub(crate) fn ignored_signals() -> SignalSet {
    let is_ignored = |signal: u32| {
        let mut action = [Action::default()];
        let arguments = [
            Argument::number(signal.into()),
            Argument::NULL,
            Argument::own(&mut action),
            Argument::number(SET_BYTES),
            Argument::NULL,
            Argument::NULL,
        ];
        call(libc::SYS_rt_sigaction, arguments) == 0 && action[0].handler == libc::SIG_IGN
    };
    SignalSet((1..=64).filter(|signal| is_ignored(*signal)).map(|signal| SignalSet::one(signal).0).sum())
}

/// Blocks every signal in this thread except those of `open`. SIGKILL and SIGSTOP cannot be blocked.
pub(crate) fn block_all_but(open: SignalSet) {
    set_mask(SignalSet::ALL.without(open));
}

fn set_mask(blocked: SignalSet) -> SignalSet {
    let mut before = [SignalSet::NONE];
    let arguments = [
        Argument::number(libc::SIG_SETMASK as u64),
        Argument::own_shared(slice::from_ref(&blocked)),
        Argument::own(&mut before),
        Argument::number(SET_BYTES),
        Argument::NULL,
        Argument::NULL,
    ];
    call(libc::SYS_rt_sigprocmask, arguments);
    before[0]
}

/// Does `work` with every signal blocked in this thread except those of `open`.
pub(super) fn with_only<T>(open: SignalSet, work: impl FnOnce() -> T) -> T {
    let before = set_mask(SignalSet::ALL.without(open));
    let done = work();
    set_mask(before);
    done
}

/// Waits for one of `signals`, all of which the thread blocks. `None` if the interrupting signal came instead.
pub(crate) fn wait_for_signal(signals: SignalSet) -> Option<(u32, SignalInfo)> {
    take_signal(signals, Argument::NULL)
}

/// Sends process `process` a signal. It may have ended.
pub(crate) fn send_signal(process: u32, signal: u32) {
    let [process, signal] = [process, signal].map(|number| Argument::number(number.into()));
    call(libc::SYS_kill, [process, signal, Argument::NULL, Argument::NULL, Argument::NULL, Argument::NULL]);
}

/// Lets Linux send this process `signal` when the thread that made it ends. Linux forgets it when the calling thread, which
/// must be the first, changes its credentials (PR_SET_PDEATHSIG, prctl(2)).
pub(crate) fn set_parent_death_signal(signal: u32) {
    let [option, signal] =
        [libc::PR_SET_PDEATHSIG.cast_unsigned(), signal].map(|number| Argument::number(number.into()));
    call(libc::SYS_prctl, [option, signal, Argument::NULL, Argument::NULL, Argument::NULL, Argument::NULL]);
}

/// Gives `signal` its default action in this process.
pub(crate) fn default_action(signal: u32) {
    set_action(signal, Action { handler: libc::SIG_DFL, ..Action::default() });
}

/// Ignores SIGCHLD in this process or gives it its default action, with those of `flags` that say what Linux does with children
/// (`SA_NOCLDSTOP`, `SA_NOCLDWAIT`). Ignored or not, it stays blocked.
pub(crate) fn set_child_action(ignored: bool, flags: u64) {
    let known = u64::from((libc::SA_NOCLDSTOP | libc::SA_NOCLDWAIT).cast_unsigned());
    let handler = if ignored { libc::SIG_IGN } else { libc::SIG_DFL };
    set_action(libc::SIGCHLD.cast_unsigned(), Action { handler, flags: flags & known, ..Action::default() });
}

/// What a child may have done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ChildrenThat {
    /// It has ended and sent SIGCHLD.
    Ended,
    /// It has stopped and nobody has waited for that.
    Stopped,
}

/// A child that nobody has waited for, as the siginfo_t of its SIGCHLD tells of it, the times left out. It can be waited for as before.
pub(crate) fn look_for_child(that: ChildrenThat) -> Option<SignalInfo> {
    let what = match that {
        ChildrenThat::Ended => libc::WEXITED,
        ChildrenThat::Stopped => libc::WSTOPPED | libc::__WALL,
    };
    let mut info = [SignalInfo { bytes: [0; SIGINFO_BYTES], rest: [0; _] }];
    let arguments = [
        Argument::number(libc::P_ALL.into()),
        Argument::NULL,
        Argument::own(&mut info),
        Argument::number(u64::from((what | libc::WNOHANG | libc::WNOWAIT).cast_unsigned())),
        Argument::NULL,
        Argument::NULL,
    ];
    // With no such child the call succeeds and leaves zeros.
    let found = call(libc::SYS_waitid, arguments) == 0 && info[0].code() != 0;
    found.then_some(info[0])
}

/// Stops this process by `signal`, which gets its default action; comes back when it goes on, or at once if Linux does not stop
/// it. The calling thread is one that executes requests.
pub(crate) fn stop_by(signal: u32) {
    default_action(signal);
    signal_this_thread(signal);
    let open = SignalSet::INTERRUPT.with(SignalSet::TERMINAL);
    set_mask(SignalSet::ALL.without(open.with(SignalSet::one(signal))));
    set_mask(SignalSet::ALL.without(open));
}

/// The signals that are pending for this thread or the process.
pub(crate) fn pending_signals() -> SignalSet {
    let mut pending = [SignalSet::NONE];
    let arguments = [
        Argument::own(&mut pending),
        Argument::number(SET_BYTES),
        Argument::NULL,
        Argument::NULL,
        Argument::NULL,
        Argument::NULL,
    ];
    call(libc::SYS_rt_sigpending, arguments);
    pending[0]
}

/// Takes a signal of `signals` that is pending for this thread or the process; 0 if there is none.
pub(crate) fn consume_pending(signals: SignalSet) -> u32 {
    take_pending(signals).map_or(0, |(signal, _)| signal)
}

/// The same with all that is known about it.
pub(crate) fn take_pending(signals: SignalSet) -> Option<(u32, SignalInfo)> {
    let at_once = [0_i64; 2];
    take_signal(signals, Argument::own_shared(&at_once))
}

/// Sends `process`, whose first thread the caller is, the signal that `info` tells of. Should Linux have no room for it, it is lost.
pub(crate) fn queue_signal(process: u32, info: &SignalInfo) {
    let signal = info.bytes.first_chunk().map_or(0, |signal| u32::from_ne_bytes(*signal));
    let [process, signal] = [process, signal].map(|number| Argument::number(number.into()));
    let null = Argument::NULL;
    call(libc::SYS_rt_sigqueueinfo, [process, signal, Argument::own_shared(slice::from_ref(info)), null, null, null]);
}

fn take_signal(signals: SignalSet, timeout: Argument) -> Option<(u32, SignalInfo)> {
    let mut info = [SignalInfo { bytes: [0; SIGINFO_BYTES], rest: [0; _] }];
    let arguments = [
        Argument::own_shared(slice::from_ref(&signals)),
        Argument::own(&mut info),
        timeout,
        Argument::number(SET_BYTES),
        Argument::NULL,
        Argument::NULL,
    ];
    let signal = u32::try_from(call(libc::SYS_rt_sigtimedwait, arguments)).ok()?;
    Some((signal, info[0]))
}

/// Sends thread `thread` of process `process` the interrupting signal. Linux may lack room for a real-time signal
/// for a moment (RLIMIT_SIGPENDING); false then.
pub(crate) fn interrupt_thread(process: u32, thread: u32) -> bool {
    signal_thread(process, thread, INTERRUPT_SIGNAL) != -i64::from(libc::EAGAIN)
}

/// Whether process `process` has thread `thread`.
pub(crate) fn has_thread(process: u32, thread: u32) -> bool {
    signal_thread(process, thread, 0) == 0
}

/// tgkill(2).
fn signal_thread(process: u32, thread: u32, signal: u32) -> i64 {
    let [process, thread, signal] = [process, thread, signal].map(|number| Argument::number(number.into()));
    call(libc::SYS_tgkill, [process, thread, signal, Argument::NULL, Argument::NULL, Argument::NULL])
}

/// Sends the calling thread a signal.
fn signal_this_thread(signal: u32) {
    let own = std::process::id();
    // SAFETY: gettid has no conditions.
    let thread = unsafe { libc::gettid() };
    let arguments = [
        Argument::number(own.into()),
        Argument::number(u64::from(thread.cast_unsigned())),
        Argument::number(signal.into()),
        Argument::NULL,
        Argument::NULL,
        Argument::NULL,
    ];
    call(libc::SYS_tgkill, arguments);
}

/// Lets `signal` do to this process what it does by default. Returns if that is nothing.
pub(crate) fn raise_default(signal: u32) {
    default_action(signal);
    signal_this_thread(signal);
    set_mask(SignalSet::ALL.without(SignalSet::one(signal)));
}

const _: () = {
    assert!(size_of::<SignalInfo>() == size_of::<libc::siginfo_t>());
    assert!(offset_of!(SignalInfo, bytes) == 0);
};

//! Signals (signal(7)): dispositions and masks are the LWK's; Linux carries what goes to other processes.

use super::build::{SIGACTION, SIGINFO, TIME, bytes, local, local_first, offloaded};
use crate::table::Argument::{Fd, Hex, In, Long, Named, Out, Pid, Signal};
use crate::table::{Call, Size};

const OWN_PROCESS: &str = "A signal to the program itself stays in the LWK, one to another process goes to Linux.";

/// `stack_t`.
const STACK: Size = Size::Fixed(24);

#[rustfmt::skip]
pub(super) const ROWS: &[Call] = &[
    local(13, "rt_sigaction", &[Signal, In(SIGACTION), Out(SIGACTION), Long]),
    local(14, "rt_sigprocmask", &[Named("sigprocmask"), In(bytes(3)), Out(bytes(3)), Long]),
    local(15, "rt_sigreturn", &[]),
    local(34, "pause", &[]).interruptible(),
    local(127, "rt_sigpending", &[Out(bytes(1)), Long]),
    local(128, "rt_sigtimedwait", &[In(bytes(3)), Out(SIGINFO), In(TIME), Long]).interruptible(),
    local(130, "rt_sigsuspend", &[In(bytes(1)), Long]).interruptible(),
    local(131, "sigaltstack", &[In(STACK), Out(STACK)]),
    local_first(62, "kill", &[Pid, Signal], OWN_PROCESS),
    local_first(129, "rt_sigqueueinfo", &[Pid, Signal, In(SIGINFO)], OWN_PROCESS),
    local_first(200, "tkill", &[Pid, Signal], OWN_PROCESS),
    local_first(234, "tgkill", &[Pid, Pid, Signal], OWN_PROCESS),
    local_first(297, "rt_tgsigqueueinfo", &[Pid, Pid, Signal, In(SIGINFO)], OWN_PROCESS),
    offloaded(424, "pidfd_send_signal", &[Fd, Signal, In(SIGINFO), Hex]),
];

//! A row of the table.

use super::argument::Argument;
use super::rows::BY_NUMBER;

/// Who serves a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Route {
    /// The LWK, from what it knows.
    Local,
    /// Linux, through the proxy.
    Offloaded,
    /// The LWK looks first: it serves some uses itself, changes the call or refuses it, and hands the rest on.
    LocalFirst,
    /// Nobody: the call answers this errno, which is what Linux gives an unprivileged caller (or ENOSYS
    /// where the kernel was built without it). The row's note says why.
    Refused(u16),
}

/// What becomes of a call that a signal interrupts (signal(7), "Interruption of system calls").
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Restart {
    /// It does not wait, so it is never interrupted.
    Never,
    /// It is restarted if the handler has `SA_RESTART`, and answers EINTR otherwise.
    WithHandlerFlag,
    /// It is restarted only if no handler runs, and answers EINTR otherwise (poll(2), nanosleep(2) ...).
    WithoutHandler,
}

/// One system call of x86-64.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// Its number (Linux's `arch/x86/entry/syscalls/syscall_64.tbl`).
    pub number: u16,
    /// Its name in that file.
    pub name: &'static str,
    /// Its arguments.
    pub arguments: &'static [Argument],
    /// Who serves it.
    pub route: Route,
    /// Whether it can wait for something, and what a signal does to it then.
    pub restart: Restart,
    /// Why it is refused, or what part of it is served where.
    pub note: &'static str,
}

impl Call {
    /// Whether the call can wait for something that another must do.
    #[must_use]
    pub const fn may_wait(&self) -> bool {
        !matches!(self.restart, Restart::Never)
    }

    /// Whether the proxy may be asked to execute the call: Linux serves it, at least in part, and no argument is an
    /// address that only the LWK can read.
    #[must_use]
    pub fn is_executable(&self) -> bool {
        matches!(self.route, Route::Offloaded | Route::LocalFirst) && !self.arguments.contains(&Argument::Address)
    }
}

/// The row of call `number`, or `None` if x86-64 has no such call.
#[must_use]
pub fn lookup(number: u64) -> Option<&'static Call> {
    *BY_NUMBER.get(usize::try_from(number).ok()?)?
}

//! The words that rows are written in.

use crate::table::argument::{Argument, Size};
use crate::table::call::{Call, Restart, Route};

pub(super) const EPERM: u16 = 1;
pub(super) const EINTR: u16 = 4;
pub(super) const EACCES: u16 = 13;
pub(super) const ENOSYS: u16 = 38;
pub(super) const EOPNOTSUPP: u16 = 95;

/// A 32-bit number or a set of option bits in one.
pub(super) const WORD: Size = Size::Fixed(4);
/// A file offset, a 64-bit number, or a pair of descriptors.
pub(super) const QUAD: Size = Size::Fixed(8);
/// A `timespec` or `timeval`.
pub(super) const TIME: Size = Size::Fixed(16);
/// Two `timespec`s or `timeval`s: an `itimerspec`, an `itimerval`, a file's times.
pub(super) const TIME_PAIR: Size = Size::Fixed(32);
/// `struct stat`.
pub(super) const STAT: Size = Size::Fixed(144);
/// `struct statfs`.
pub(super) const STATFS: Size = Size::Fixed(120);
/// `struct statx`.
pub(super) const STATX: Size = Size::Fixed(256);
/// `struct rlimit`.
pub(super) const RLIMIT: Size = Size::Fixed(16);
/// `struct rusage`.
pub(super) const RUSAGE: Size = Size::Fixed(144);
/// `siginfo_t`.
pub(super) const SIGINFO: Size = Size::Fixed(128);
/// `struct sigaction` as the kernel knows it.
pub(super) const SIGACTION: Size = Size::Fixed(32);
/// `struct timex`.
pub(super) const TIMEX: Size = Size::Fixed(208);
/// `struct cachestat`.
pub(super) const CACHESTAT: Size = Size::Fixed(40);
/// `struct epoll_event`, packed on x86-64.
pub(super) const EPOLL_EVENT: u32 = 12;
/// `struct pollfd`.
pub(super) const POLLFD: u32 = 8;
/// A structure that begins with its own size, of which Linux reads at most a page (`copy_struct_from_user`).
pub(super) const SELF_SIZED: Size = Size::Fixed(4096);
/// The longest `struct file_handle`: a header of 8 bytes and `MAX_HANDLE_SZ` (`open_by_handle_at(2)`).
pub(super) const FILE_HANDLE: Size = Size::Fixed(136);

/// As many bytes as argument `position` says.
pub(super) const fn bytes(position: u8) -> Size {
    Size::Argument(position)
}

/// As many elements of `size` bytes as argument `position` says.
pub(super) const fn each(position: u8, size: u32) -> Size {
    Size::Elements(position, size)
}

const fn row(number: u16, name: &'static str, arguments: &'static [Argument], route: Route) -> Call {
    Call { number, name, arguments, route, restart: Restart::Never, note: "" }
}

/// A call that the LWK serves.
pub(super) const fn local(number: u16, name: &'static str, arguments: &'static [Argument]) -> Call {
    row(number, name, arguments, Route::Local)
}

/// A call that Linux serves.
pub(super) const fn offloaded(number: u16, name: &'static str, arguments: &'static [Argument]) -> Call {
    row(number, name, arguments, Route::Offloaded)
}

/// A call that the LWK looks at before Linux may see it; `note` says what it looks for.
pub(super) const fn local_first(
    number: u16,
    name: &'static str,
    arguments: &'static [Argument],
    note: &'static str,
) -> Call {
    Call { note, ..row(number, name, arguments, Route::LocalFirst) }
}

/// A call that answers `errno`; `note` says why.
pub(super) const fn refused(
    number: u16,
    name: &'static str,
    errno: u16,
    arguments: &'static [Argument],
    note: &'static str,
) -> Call {
    Call { note, ..row(number, name, arguments, Route::Refused(errno)) }
}

impl Call {
    /// `note` says something about it.
    pub(super) const fn noted(self, note: &'static str) -> Self {
        Self { note, ..self }
    }

    /// It may wait, and a signal restarts it if the handler has `SA_RESTART`.
    pub(super) const fn restartable(self) -> Self {
        Self { restart: Restart::WithHandlerFlag, ..self }
    }

    /// It may wait, and a signal's handler ends it with EINTR.
    pub(super) const fn interruptible(self) -> Self {
        Self { restart: Restart::WithoutHandler, ..self }
    }
}

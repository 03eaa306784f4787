//! Why a request is not executed; the kind decides who bears it.

use crate::memory::Inaccessible;
use crate::request::Violation;

/// Why a request is not executed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refusal {
    /// The program gets this errno.
    Errno(i32),
    /// The partition ends.
    Violation(Violation),
}

impl From<Violation> for Refusal {
    fn from(violation: Violation) -> Self {
        Self::Violation(violation)
    }
}

/// The segments were checked before: what cannot be accessed now is a file's, cut short since.
impl From<Inaccessible> for Refusal {
    fn from(_: Inaccessible) -> Self {
        Self::Errno(libc::EFAULT)
    }
}

impl From<std::io::Error> for Refusal {
    fn from(error: std::io::Error) -> Self {
        Self::Errno(error.raw_os_error().unwrap_or(libc::EIO))
    }
}

impl From<rustix::io::Errno> for Refusal {
    fn from(error: rustix::io::Errno) -> Self {
        Self::Errno(error.raw_os_error())
    }
}

//! Descriptors by number.
#![allow(unsafe_code)]

use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd};

use super::raw_call::{Argument, call};
use super::signal::SignalSet;

/// The program's descriptor `number`, which must not be negative. It may be closed at any moment; every call that uses it
/// then answers EBADF, as the program's own would.
pub(crate) fn borrow_descriptor(number: i32) -> BorrowedFd<'static> {
    // SAFETY: it is not -1, and nothing of ours is at the program's numbers that somebody else's use could disturb.
    unsafe { BorrowedFd::borrow_raw(number) }
}

/// A descriptor that is readable when one of `signals` is pending (signalfd(2)).
///
/// # Errors
/// Those of signalfd(2).
pub(crate) fn signal_descriptor(signals: SignalSet) -> std::io::Result<OwnedFd> {
    let arguments = [
        Argument::number(u64::MAX),
        Argument::own_shared(&[signals]),
        Argument::number(8),
        Argument::number(u64::from((libc::SFD_CLOEXEC | libc::SFD_NONBLOCK).cast_unsigned())),
        Argument::NULL,
        Argument::NULL,
    ];
    let result = call(libc::SYS_signalfd4 as u32, arguments);
    match i32::try_from(result) {
        // SAFETY: the descriptor is new.
        Ok(number) if number >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(number) }),
        _ => Err(std::io::Error::from_raw_os_error(result.unsigned_abs() as i32)),
    }
}

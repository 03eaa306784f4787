//! Descriptors by number.
#![allow(unsafe_code)]

use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::slice;

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
        Argument::own_shared(slice::from_ref(&signals)),
        Argument::number(8),
        Argument::number(u64::from((libc::SFD_CLOEXEC | libc::SFD_NONBLOCK).cast_unsigned())),
        Argument::NULL,
        Argument::NULL,
    ];
    let result = call(libc::SYS_signalfd4, arguments);
    let result = i32::try_from(result).unwrap_or(-libc::EMFILE);
    if result < 0 {
        return Err(std::io::Error::from_raw_os_error(-result));
    }
    // SAFETY: the descriptor is new.
    Ok(unsafe { OwnedFd::from_raw_fd(result) })
}

/// Takes what a descriptor of `signal_descriptor` has to tell.
pub(crate) fn drain_signals(descriptor: BorrowedFd<'_>) {
    let mut information = [0; 128];
    while rustix::io::read(descriptor, &mut information).is_ok() {}
}

/// Closes a descriptor that nothing of ours owns, or will use again.
pub(crate) fn close_descriptor(number: u32) {
    // SAFETY: the caller's word; at worst a call of ours answers EBADF.
    unsafe { libc::close(number.cast_signed()) };
}

/// Closes those of standard input, output and error that the program is started without.
pub(crate) fn close_streams(streams: &[i32]) {
    for stream in streams.iter().filter(|stream| (0..3).contains(*stream)) {
        // SAFETY: what Rust's runtime opened in their place is nobody's.
        unsafe { libc::close(*stream) };
    }
}

/// Closes all descriptors but those of `kept`.
pub(crate) fn close_inherited(kept: &[BorrowedFd<'_>]) {
    let mut numbers: Vec<u32> = kept.iter().map(|file| file.as_raw_fd().cast_unsigned()).collect();
    numbers.sort_unstable();
    let mut first = 0;
    for number in numbers.into_iter().map(Some).chain([None]) {
        let last = number.map_or(u32::MAX, |number| number.saturating_sub(1));
        if number != Some(first) {
            // SAFETY: what is closed are descriptors that nothing of ours owns any more.
            unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
        }
        first = number.map_or(u32::MAX, |number| number + 1);
    }
    // Whoever writes to standard error must not write to the next file that is opened.
    while let Ok(null) = std::fs::File::options().read(true).write(true).open("/dev/null") {
        if null.as_raw_fd() > 2 {
            break;
        }
        std::mem::forget(null);
    }
}

//! The clock, asked the slow way.
#![allow(unsafe_code)]

use std::io;

/// clock_gettime(CLOCK_MONOTONIC) as a system call; nanoseconds of the second are enough of an answer.
///
/// # Errors
/// What clock_gettime(2) answers.
pub(crate) fn monotonic() -> io::Result<i64> {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the kernel writes one timespec, to a live local of that type.
    let status = unsafe { libc::syscall(libc::SYS_clock_gettime, libc::CLOCK_MONOTONIC, &raw mut time) };
    if status != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(time.tv_nsec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_call_answers_with_nanoseconds_of_a_second() {
        assert!((0..1_000_000_000).contains(&monotonic().unwrap()));
    }
}

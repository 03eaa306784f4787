//! Whether somebody has a program open for writing, so that it cannot be executed (execve(2), ETXTBSY).
//!
//! Linux counts who has a file open for writing and tells nobody how many they are. But as long as there is one, it grants no read lease
//! (fcntl(2), "Leases"). So one is asked for, and given back at once.
//!
//! Whoever opens the file for writing in between waits until it has been given back, or is refused if he does not want to wait. The holder
//! is sent a signal then, which must not reach the program: it is the one that interrupts the thread that makes this call, where it does
//! nothing, as the call is not one that can be interrupted.

use std::os::fd::{AsFd, AsRawFd};

use super::Refusal;
use crate::arch::{Argument, INTERRUPT_SIGNAL, call};

/// Commands of fcntl(2), and the owner that is a thread (linux/fcntl.h).
const F_SETSIG: u64 = 10;
const F_SETOWN_EX: u64 = 15;
const F_SETLEASE: u64 = 1024;
const F_OWNER_TID: i32 = 0;
/// Kinds of leases.
const READ: u64 = 0;
const NONE: u64 = 2;
const AGAIN: i64 = -(libc::EAGAIN as i64);

/// Looks whether nobody writes `file`, which is open for reading only. Where a lease cannot be had, on a file of another user or on a
/// file system without leases, nobody is said to.
///
/// # Errors
/// ETXTBSY if somebody does.
pub(super) fn look_for(file: &impl AsFd) -> Result<(), Refusal> {
    let thread = rustix::thread::gettid().as_raw_nonzero().get();
    let owner = [F_OWNER_TID, thread];
    let interrupt = Argument::number(INTERRUPT_SIGNAL.into());
    if control(file, F_SETOWN_EX, Argument::own_shared(&owner)) != 0 || control(file, F_SETSIG, interrupt) != 0 {
        return Ok(());
    }
    match control(file, F_SETLEASE, Argument::number(READ)) {
        AGAIN => Err(Refusal::Errno(libc::ETXTBSY)),
        0 => {
            control(file, F_SETLEASE, Argument::number(NONE));
            Ok(())
        }
        _ => Ok(()),
    }
}

/// fcntl(2).
fn control(file: &impl AsFd, command: u64, argument: Argument<'_>) -> i64 {
    let descriptor = Argument::number(u64::from(file.as_fd().as_raw_fd().cast_unsigned()));
    let null = Argument::NULL;
    call(libc::SYS_fcntl, [descriptor, Argument::number(command), argument, null, null, null])
}

#[cfg(test)]
mod tests {
    use std::fs::{File, OpenOptions};

    use super::{Refusal, look_for};

    #[test]
    fn a_writer_is_seen_as_long_as_it_is_there() {
        let path = std::env::temp_dir().join(format!("lwk-writers-{}", std::process::id()));
        let writer = File::create(&path).expect("a file can be made");
        let reader = OpenOptions::new().read(true).open(&path).expect("it can be read");
        assert!(matches!(look_for(&reader), Err(Refusal::Errno(libc::ETXTBSY))));
        drop(writer);
        assert!(look_for(&reader).is_ok());
        assert!(OpenOptions::new().write(true).open(&path).is_ok(), "the lease was given back");
        std::fs::remove_file(&path).expect("it can be removed");
    }
}

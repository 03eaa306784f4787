//! Signals as a file that the main loop can wait for (signalfd(2)).
#![allow(unsafe_code)]

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// Signals that the process takes from a file instead of by handlers.
#[derive(Debug)]
pub(crate) struct SignalFile(OwnedFd);

/// A signal that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TakenSignal {
    /// Its number.
    pub(crate) number: i32,
    /// The pid of the process that sent it, if it was not the kernel (siginfo_t's `si_code`, sigaction(2)).
    pub(crate) sender: Option<u32>,
}

impl SignalFile {
    /// Takes `signals` from now on. To be called while the process has one thread: threads inherit the mask that keeps
    /// the signals from being handled otherwise.
    pub(crate) fn take(signals: &[i32]) -> io::Result<Self> {
        let mut set = MaybeUninit::uninit();
        // SAFETY: sigemptyset initialises the set that the other calls use; signalfd answers a descriptor that nobody else owns.
        unsafe {
            libc::sigemptyset(set.as_mut_ptr());
            for signal in signals {
                libc::sigaddset(set.as_mut_ptr(), *signal);
            }
            libc::pthread_sigmask(libc::SIG_BLOCK, set.as_ptr(), std::ptr::null_mut());
            let file = libc::signalfd(-1, set.as_ptr(), libc::SFD_CLOEXEC | libc::SFD_NONBLOCK);
            if file < 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(Self(OwnedFd::from_raw_fd(file)))
        }
    }

    /// The next signal that has arrived, if any.
    pub(crate) fn next(&self) -> Option<TakenSignal> {
        let mut information = MaybeUninit::<libc::signalfd_siginfo>::uninit();
        let size = size_of::<libc::signalfd_siginfo>();
        // SAFETY: the buffer has the size that is passed; the structure is read only when the kernel has filled all of it.
        let information = unsafe {
            let read = libc::read(self.0.as_raw_fd(), information.as_mut_ptr().cast(), size);
            if usize::try_from(read) != Ok(size) {
                return None;
            }
            information.assume_init()
        };
        let number = i32::try_from(information.ssi_signo).ok()?;
        let sender = (information.ssi_code <= 0).then_some(information.ssi_pid);
        Some(TakenSignal { number, sender })
    }
}

impl AsRawFd for SignalFile {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

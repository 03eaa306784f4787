//! Which signals go where.
//!
//! The program's proxy is in our process group, so what a terminal sends (Ctrl-C, Ctrl-\, Ctrl-Z, a hangup) reaches it from
//! the kernel, as it would without us; we must only not die of it. What a process sends to us by kill(2) is meant
//! for the program, and is passed on.

use rustix::process::Signal;

use super::RunError;
use crate::arch::signal_file::SignalFile;

const TAKEN: [Signal; 15] = [
    Signal::HUP,
    Signal::INT,
    Signal::QUIT,
    Signal::USR1,
    Signal::USR2,
    Signal::ALARM,
    Signal::TERM,
    Signal::CONT,
    Signal::TSTP,
    Signal::URG,
    Signal::VTALARM,
    Signal::PROF,
    Signal::WINCH,
    Signal::IO,
    Signal::POWER,
];

/// Takes all signals that are the program's from now on.
pub(super) fn take() -> Result<SignalFile, RunError> {
    let numbers = TAKEN.map(Signal::as_raw);
    SignalFile::take(&numbers).map_err(|error| RunError::System(format!("cannot take signals: {error}")))
}

//! How a program ended.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use crate::cli::StatsFormat;
use crate::message;
use crate::stats::Report;

/// What is added to a signal's number for the exit status, as shells do.
const SIGNALED: i32 = 128;

/// A program's end, and what was counted until then.
#[derive(Debug)]
pub(super) struct Ending {
    /// As of wait(2).
    pub(super) status: i32,
    /// The counters, if they are wanted.
    pub(super) stats: Option<(StatsFormat, Report)>,
}

impl Ending {
    /// Prints the counters; answers the exit status.
    pub(super) fn report(&self) -> u8 {
        if let Some((format, report)) = &self.stats {
            message::block(report.render(*format));
        }
        exit_status(self.status)
    }
}

fn exit_status(status: i32) -> u8 {
    let status = ExitStatus::from_raw(status);
    let code = match (status.code(), status.signal()) {
        (Some(code), _) => code,
        (None, Some(signal)) => SIGNALED + signal,
        (None, None) => i32::from(crate::cli::EXIT_OWN_ERROR),
    };
    u8::try_from(code & 0xff).unwrap_or(crate::cli::EXIT_OWN_ERROR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_128_and_its_number() {
        assert_eq!(exit_status(11), 139);
        assert_eq!(exit_status(9 | 0x80), 137);
        assert_eq!(exit_status(3 << 8), 3);
        assert_eq!(exit_status(0), 0);
    }
}

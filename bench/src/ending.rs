//! Waits for the end of a program, but not for ever.

use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// A moment, and how it came to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    limit: Duration,
    at: Instant,
}

impl Deadline {
    /// This much from now on.
    pub(crate) fn after(limit: Duration) -> Self {
        Self { limit, at: Instant::now() + limit }
    }

    /// What remains; nothing if it has passed.
    pub(crate) fn remains(&self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    /// What is said of a program that is still there.
    pub(crate) fn complaint(&self) -> String {
        format!("it hangs: not over after {:?}", self.limit)
    }
}

/// The program's status. One that does not end is ended, which is an error.
pub(crate) fn wait(child: &mut Child, deadline: Deadline) -> Result<ExitStatus> {
    if !ends(child, deadline)? {
        kill(child)?;
        bail!(deadline.complaint());
    }
    Ok(child.wait()?)
}

/// Ends the program, if it has not ended by itself, and reaps it.
pub(crate) fn kill(child: &mut Child) -> Result<ExitStatus> {
    child.kill().context("cannot end it")?;
    Ok(child.wait()?)
}

fn ends(child: &Child, deadline: Deadline) -> Result<bool> {
    let process = pidfd_open(Pid::from_child(child), PidfdFlags::empty()).context("cannot watch it")?;
    loop {
        let remains = Timespec::try_from(deadline.remains())?;
        match poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&remains)) {
            Ok(count) => return Ok(count > 0),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_program_that_ends_has_its_status() {
        let mut child = Command::new("false").spawn().unwrap();
        assert_eq!(wait(&mut child, Deadline::after(Duration::from_mins(1))).unwrap().code(), Some(1));
    }

    #[test]
    fn a_program_that_hangs_is_ended_with_a_clear_word() {
        let mut child = Command::new("sleep").arg("100").spawn().unwrap();
        let error = wait(&mut child, Deadline::after(Duration::from_millis(50))).unwrap_err();
        assert_eq!(error.to_string(), "it hangs: not over after 50ms");
        assert!(child.try_wait().unwrap().is_some());
    }
}

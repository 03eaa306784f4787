//! The process group of a run: its end, or the end that is put to it.

use std::io;
use std::process::{Child, ExitStatus};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, kill_process_group, waitpgid};

/// How long processes of the group may outlive the program.
pub const GRACE: Duration = Duration::from_secs(3);
/// How often a running child is looked at.
const LOOK: Duration = Duration::from_millis(2);

/// Waits for the leader's end; kills the group at `deadline` and says so.
///
/// # Errors
/// What wait(2) and kill(2) answer.
pub fn wait(child: &mut Child, group: Pid, deadline: Instant) -> io::Result<(ExitStatus, bool)> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok((status, false));
        }
        if Instant::now() > deadline {
            kill_process_group(group, Signal::KILL)?;
            return Ok((child.wait()?, true));
        }
        sleep(LOOK);
    }
}

/// Waits for the processes of the group that are still there; kills them and says true if they stay. We must be
/// their subreaper, so that none of them can hide behind init.
#[must_use]
pub fn reap(group: Pid) -> bool {
    let deadline = Instant::now() + GRACE;
    loop {
        match waitpgid(group, WaitOptions::NOHANG) {
            Err(Errno::CHILD) => return false,
            Ok(None) if Instant::now() > deadline => {
                let _ = kill_process_group(group, Signal::KILL);
                return true;
            }
            _ => sleep(LOOK),
        }
    }
}

//! The process group of a run: its end, or the end that is put to it.

use std::process::{Child, Command, ExitStatus};
use std::thread::sleep;
use std::time::{Duration, Instant};
use std::{env, io};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, kill_process_group, waitpgid};

/// How long processes of the group may outlive the program.
pub const GRACE: Duration = Duration::from_secs(3);
/// How often a running child is looked at.
const LOOK: Duration = Duration::from_millis(2);
/// Names a program that is run with the leader's pid before a group is killed that took too long.
const INQUEST: &str = "LWK_AT_TIMEOUT";

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
            hold_inquest(child.id());
            kill_process_group(group, Signal::KILL)?;
            return Ok((child.wait()?, true));
        }
        sleep(LOOK);
    }
}

fn hold_inquest(leader: u32) {
    let Some(program) = env::var_os(INQUEST) else { return };
    if let Err(error) = Command::new(&program).arg(leader.to_string()).status() {
        eprintln!("{}: {error}", program.display());
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

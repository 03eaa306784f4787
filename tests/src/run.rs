//! Runs one case once: in a fresh folder, within its time limit, with everything it leaves recorded.

use std::fs;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::{Pid, getpid, set_child_subreaper};

use crate::case::Case;
use crate::command::{Runner, command, set_up};
use crate::cpus::{Placement, Turn};
use crate::group::{GRACE, reap, wait};
use crate::outcome::Outcome;
use crate::streams::Streams;
use crate::{lwk, tree};

/// How long a CPU may belong to somebody else.
const PATIENCE: Duration = Duration::from_mins(2);
/// How often we ask for it.
const AGAIN: Duration = Duration::from_millis(100);
/// What `lwk-vmm` says of such a CPU.
const OCCUPIED: &str = "belongs to another partition";
/// Where lwk-vmm's own remarks on stderr begin; they are no part of the program's output, wherever stderr leads.
const REMARK: &[u8] = b"lwk-vmm: warning: ";

/// Runs `case` natively and on the LWK under test.
///
/// # Errors
/// A set-up that failed, an executable that is missing; a difference is not an error.
pub fn both(case: &Case, placement: Placement) -> Result<(Outcome, Outcome)> {
    let executable = lwk::executable().map_err(anyhow::Error::msg)?;
    let parent = tempfile::Builder::new().prefix("lwk-differential-").tempdir()?;
    let folder = parent.path().join("case");
    let native = once(case, Runner::Native, &folder)?;
    let _turn = Turn::wait()?;
    let runner = Runner::Lwk(executable, placement);
    let deadline = Instant::now() + PATIENCE;
    let mut lwk = once(case, runner, &folder)?;
    while is_occupied(&lwk) && Instant::now() < deadline {
        sleep(AGAIN);
        lwk = once(case, runner, &folder)?;
    }
    Ok((native, lwk))
}

/// Whether a CPU belongs to a partition that is none of ours: a developer's, or that of another package's tests.
fn is_occupied(outcome: &Outcome) -> bool {
    let text = String::from_utf8_lossy(&outcome.stderr);
    outcome.status == 125 && text.starts_with("lwk-vmm: ") && text.contains(OCCUPIED)
}

/// Runs `case` in `folder`, which is made before and removed afterwards.
///
/// # Errors
/// A set-up that failed, a runner that cannot be started.
pub fn once(case: &Case, runner: Runner, folder: &Path) -> Result<Outcome> {
    set_child_subreaper(Some(getpid()))?;
    set_up(case, folder)?;
    let mut command = command(case, runner, folder)?;
    let mut streams = Streams::attach(case, folder, &mut command)?;
    let started = Instant::now();
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) if matches!(runner, Runner::Native) => return refused(&error, folder),
        Err(error) => return Err(error).with_context(|| format!("{command:?}")),
    };
    drop(command);
    let group = Pid::from_child(&child);
    let (stdout, stderr) = streams.pump(case, &mut child)?;
    let (status, timed_out) = wait(&mut child, group, started + case.timeout)?;
    drop(streams);
    let left = reap(group);
    let stdout = stdout.recv_timeout(GRACE);
    let stderr = stderr.recv_timeout(GRACE);
    let outcome = Outcome {
        left_processes: left || stdout.is_err() || stderr.is_err(),
        stdout: without_remarks(&stdout.unwrap_or_default(), runner),
        stderr: without_remarks(&stderr.unwrap_or_default(), runner),
        status: status.code().or(status.signal().map(|number| 128 + number)).unwrap_or(-1),
        tree: tree::read(folder)?,
        refused: false,
        timed_out,
    };
    fs::remove_dir_all(folder)?;
    Ok(outcome)
}

/// What a shell makes of a program that cannot be executed: status 127 if it is missing, 126 otherwise.
fn refused(error: &io::Error, folder: &Path) -> Result<Outcome> {
    let missing = error.kind() == io::ErrorKind::NotFound;
    let outcome = Outcome {
        stdout: Vec::new(),
        stderr: Vec::new(),
        status: if missing { 127 } else { 126 },
        tree: tree::read(folder)?,
        refused: true,
        timed_out: false,
        left_processes: false,
    };
    fs::remove_dir_all(folder)?;
    Ok(outcome)
}

fn without_remarks(output: &[u8], runner: Runner) -> Vec<u8> {
    if matches!(runner, Runner::Native) {
        return output.to_vec();
    }
    let lines = output.split_inclusive(|byte| *byte == b'\n');
    lines.filter(|line| !line.starts_with(REMARK)).collect::<Vec<_>>().concat()
}

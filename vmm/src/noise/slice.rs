//! A slice: one run of the measured program on one side, and what was counted meanwhile.

use std::collections::BTreeSet;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Output};

use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};

use super::plan::Side;
use super::record::Marks;
use super::watch::Watched;
use super::{NoiseError, record};
use crate::cli::EXIT_OWN_ERROR;
use crate::message;

/// What is added to a signal's number for the exit status, as shells do.
const SIGNALED: i32 = 128;

/// A slice that was measured.
#[derive(Debug)]
pub(super) struct Slice {
    /// On which side.
    pub(super) side: Side,
    /// The measured program's marks.
    pub(super) marks: Vec<Marks>,
    /// What was counted.
    pub(super) watched: Watched,
}

impl Slice {
    /// When a thread measured, by the time-stamp counter; `None` if it did not.
    pub(super) fn window(&self, thread: usize) -> Option<(u64, u64)> {
        let marks = || self.marks.iter().filter(|marks| marks.thread == thread);
        let first = marks().filter_map(|marks| marks.ticks.first()).min()?;
        let last = marks().filter_map(|marks| marks.ticks.last()).max()?;
        Some((*first, *last))
    }

    /// Whether the measured program's clock is that of the host: all its marks lie within the slice.
    pub(super) fn clocks_agree(&self) -> bool {
        let (begin, end) = self.watched.span;
        let inside = |marks: &Marks| marks.ticks.iter().all(|ticks| (begin..=end).contains(ticks));
        self.marks.iter().all(inside)
    }
}

/// This executable once more, as the hidden command `part`.
pub(super) fn ourselves(part: &str, order: &str) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.args([part, order]);
    command
}

/// Ends this process when `parent` ends, however that happens.
pub(super) fn end_with(parent: i32) -> Result<(), NoiseError> {
    let failed = |source: io::Error| NoiseError::System { what: "follow the measurement's end", source };
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(|errno| failed(errno.into()))?;
    // It may have ended before we asked.
    if Pid::as_raw(getppid()) == parent { Ok(()) } else { Err(failed(io::ErrorKind::NotFound.into())) }
}

/// The answer of a part that has ended. Each line that parts say is shown once: every slice would repeat it.
pub(super) fn answer(side: Side, output: &Output, said: &mut BTreeSet<String>) -> Result<record::Answer, NoiseError> {
    for line in String::from_utf8_lossy(&output.stderr).lines() {
        if said.insert(line.to_owned()) {
            message::block(line);
        }
    }
    let side = side.name();
    if !output.status.success() {
        return Err(NoiseError::Part { side, status: output.status.to_string(), code: code(output.status) });
    }
    record::read(&output.stdout).map_err(|text| NoiseError::Answer { side, text })
}

fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| Some(SIGNALED + status.signal()?));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(EXIT_OWN_ERROR)
}

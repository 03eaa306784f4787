//! A slice on Linux: the measured program is a process, pinned to the partition's CPUs.

use std::collections::BTreeSet;
use std::process::Stdio;

use rustix::process::getpid;

use super::plan::{Plan, Side};
use super::sampler::THREAD;
use super::slice::{self, Slice};
use super::watch::{Subject, Watcher};
use super::{NoiseError, order};

/// Measures a slice.
pub(super) fn run(plan: &Plan, said: &mut BTreeSet<String>) -> Result<Slice, NoiseError> {
    let side = Side::Native;
    let cpus = plan.cpus.as_slice();
    let order = order::write(&plan.order(Some(getpid().as_raw_nonzero().get()), cpus.to_vec()))?;
    let failed = |source| NoiseError::System { what: "start the measured program", source };
    let mut command = slice::ourselves("__noise-sample", &order);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(failed)?;
    let subject = |(index, cpu): (usize, &u32)| Subject::new(*cpu, child.id(), format!("{THREAD}{index}"));
    let watcher = Watcher::start(cpus.iter().enumerate().map(subject).collect(), cpus)?;
    let output = child.wait_with_output().map_err(failed);
    let seen = watcher.finish();
    let answer = slice::answer(side, &output?, said)?;
    Ok(Slice { side, marks: answer.marks, watched: seen })
}

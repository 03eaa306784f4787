//! Processes: how they begin, speak to each other and end.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use bench::catalogue::Process;
use bench::line::Report;
use rustix::fd::OwnedFd;
use rustix::pipe::pipe;
use rustix::process::{Pid, WaitOptions, waitpid};

use crate::arch::fork::fork;
use crate::sampler::Sampler;

/// What a child ends with, so that it is known for the child.
const STATUS: i32 = 7;

/// Measures this.
pub(crate) fn measure(kind: Process, sampler: Sampler) -> Result<Report> {
    match kind {
        Process::Fork => sampler.measure(1, || wait(fork(|| STATUS)?)),
        Process::Spawn => sampler.measure(1, spawn),
        Process::PingPong => ping_pong(sampler),
    }
}

/// The standard library starts it by posix_spawn(3).
fn spawn() -> Result<u64> {
    let status = Command::new("/bin/true").status().context("cannot start /bin/true")?;
    ensure!(status.success(), "/bin/true failed: {status}");
    Ok(1)
}

/// One operation is a byte there and back.
fn ping_pong(sampler: Sampler) -> Result<Report> {
    let (there_out, there_in) = pipe()?;
    let (back_out, back_in) = pipe()?;
    // The child's copies of our ends live as long as the child, so it ends when told by a byte, not by the end of data.
    let child = fork(|| echo(&there_out, &back_in))?;
    drop((there_out, back_in));
    let report = sampler.measure(1, || {
        rustix::io::write(&there_in, &[1])?;
        receive(&back_out).map(u64::from)
    });
    rustix::io::write(&there_in, &[0])?;
    wait(child)?;
    report
}

/// Sends every byte back until there is a 0.
fn echo(from: &OwnedFd, to: &OwnedFd) -> i32 {
    while let Ok(byte) = receive(from)
        && byte != 0
        && rustix::io::write(to, &[byte]).is_ok()
    {}
    STATUS
}

fn receive(from: &OwnedFd) -> Result<u8> {
    let mut byte = [0];
    ensure!(rustix::io::read(from, &mut byte)? == 1, "the pipe has ended");
    Ok(byte[0])
}

fn wait(child: Pid) -> Result<u64> {
    let (_, status) = waitpid(Some(child), WaitOptions::empty())?.context("no child ended")?;
    ensure!(status.exit_status() == Some(STATUS), "the child ended otherwise: {status:?}");
    Ok(1)
}

//! redis-server on the side under test, asked by redis-benchmark on the host's other CPUs, through a socket: what a
//! server's client sees.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::affinity::Pinned;
use crate::child::{display, text_of};
use crate::ending::{self, Deadline};
use crate::whole::{Preparation, installed};

/// The program under test.
pub(crate) const SERVER: &str = "redis-server";
const CLIENT: &str = "redis-benchmark";
/// Requests of each kind, and of a hurried run.
const REQUESTS: [u32; 2] = [20_000, 5_000];
const CLIENTS: &str = "20";
/// Between two attempts to reach a server that is starting.
const PAUSE: Duration = Duration::from_millis(10);

/// Whether both programs are there.
pub(crate) fn prepare() -> Preparation {
    match [SERVER, CLIENT].into_iter().find(|program| installed(program).is_none()) {
        Some(missing) => Preparation::missing(format!("{missing} is not installed")),
        None => Preparation::Ready(Vec::new()),
    }
}

/// A server that answers; ended when dropped.
pub(crate) struct Server {
    child: Child,
    socket: PathBuf,
    deadline: Deadline,
}

impl Server {
    /// Starts it by `command` with its socket in `folder`, and waits until it answers; `limit` is for all of it.
    pub(crate) fn start(mut command: Command, folder: &Path, limit: Duration) -> Result<Self> {
        let socket = folder.join("redis");
        // A server that was killed leaves it, and it would be taken for the next one's.
        let _ = std::fs::remove_file(&socket);
        command.args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"]).arg(&socket);
        let messages = tempfile::tempfile()?;
        command.stdin(Stdio::null()).stdout(messages.try_clone()?).stderr(messages.try_clone()?);
        let child = command.spawn().with_context(|| format!("cannot start {}", display(&command)))?;
        let mut server = Self { child, socket, deadline: Deadline::after(limit) };
        match server.wait() {
            Ok(()) => Ok(server),
            Err(error) => Err(error.context(format!("{}: {}", display(&command), text_of(messages)?.trim_end()))),
        }
    }

    fn wait(&mut self) -> Result<()> {
        while UnixStream::connect(&self.socket).is_err() {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended: {status}");
            }
            ensure!(!self.deadline.remains().is_zero(), "the server does not answer: {}", self.deadline.complaint());
            thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// Nanoseconds for a SET and a GET, asked on these CPUs.
    pub(crate) fn ask(&self, cpus: &[usize], quick: bool) -> Result<Vec<f64>> {
        let _pinned = if cpus.is_empty() { None } else { Some(Pinned::to(cpus)?) };
        let answers = tempfile::tempfile()?;
        let mut command = Command::new(CLIENT);
        command.arg("-s").arg(&self.socket).args(["-t", "set,get", "--csv", "-c", CLIENTS]);
        command.args(["-n", &REQUESTS[usize::from(quick)].to_string()]);
        let mut client = command.stdin(Stdio::null()).stdout(answers.try_clone()?).spawn()?;
        let status = ending::wait(&mut client, self.deadline).with_context(|| display(&command))?;
        ensure!(status.success(), "{} failed: {status}", display(&command));
        Ok(vec![nanoseconds(&text_of(answers)?)?])
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = ending::kill(&mut self.child);
    }
}

/// Each line is `"SET","12345.67",...`, requests a second.
fn nanoseconds(answers: &str) -> Result<f64> {
    let time = |kind: &str| {
        let line = answers.lines().find(|line| line.starts_with(&format!("\"{kind}\"")));
        let rate: Option<f64> = line.and_then(|line| line.split(',').nth(1)?.trim_matches('"').parse().ok());
        rate.map(|rate| 1e9 / rate).with_context(|| format!("redis-benchmark tells nothing of {kind}: {answers}"))
    };
    Ok(time("SET")? + time("GET")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_become_times() {
        let answers = "\"test\",\"rps\",\"avg\"\n\"SET\",\"100000.00\",\"0.1\"\n\"GET\",\"50000.00\",\"0.1\"\n";
        assert!((nanoseconds(answers).unwrap() - 30_000.0).abs() < 1e-6);
        assert!(nanoseconds("\"SET\",\"nan\"\n").is_err());
    }
}

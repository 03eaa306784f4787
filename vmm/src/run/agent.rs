//! The agent's process: this executable once more, under another name.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use host_agent::protocol::{AGENT_NAME, FromAgent, ToAgent};
use host_agent::socket;
use rustix::io::FdFlags;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use vmm_sys_util::eventfd::EventFd;

use super::RunError;
use crate::arch::descriptor;

/// How long the agent may take to end after its socket was closed.
const PATIENCE: Duration = Duration::from_secs(2);

/// A running agent.
#[derive(Debug)]
pub(super) struct Agent {
    socket: Option<OwnedFd>,
    child: Child,
}

/// The process that the program is to Linux.
#[derive(Clone, Copy, Debug)]
pub(super) struct FirstProxy {
    /// Its pid.
    pub(super) process: u32,
    /// Its parent's pid.
    pub(super) parent: u32,
    /// The signals that the program ignores from the beginning (bit 0: signal 1).
    pub(super) ignored_signals: u64,
}

/// The descriptor of an eventfd.
pub(super) fn descriptor_of(event: &EventFd) -> BorrowedFd<'_> {
    descriptor::of(event)
}

impl Agent {
    /// Starts the agent and tells it `start`.
    pub(super) fn start(start: &ToAgent, descriptors: &[BorrowedFd<'_>]) -> Result<Self, RunError> {
        let failed = |what| move |source| RunError::Agent { what, source };
        let (ours, theirs) = pair().map_err(failed("cannot be connected"))?;
        let child = Command::new("/proc/self/exe").arg0(AGENT_NAME).arg(theirs.as_raw_fd().to_string()).spawn();
        let child = child.map_err(failed("cannot be started"))?;
        let agent = Self { socket: Some(ours), child };
        agent.send(start, descriptors)?;
        Ok(agent)
    }

    /// Its pid.
    pub(super) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the first proxy is there.
    pub(super) fn wait_for_proxy(&mut self) -> Result<FirstProxy, RunError> {
        match self.receive()?.0 {
            FromAgent::Ready { process, parent, ignored_signals } => {
                Ok(FirstProxy { process, parent, ignored_signals })
            }
            FromAgent::Failed { text } => Err(RunError::System(text)),
            other => Err(RunError::AgentLost(format!("it said {other:?} first"))),
        }
    }

    /// Sends a message.
    pub(super) fn send(&self, message: &ToAgent, descriptors: &[BorrowedFd<'_>]) -> Result<(), RunError> {
        let socket = self.socket.as_ref().ok_or_else(|| RunError::AgentLost("its socket is closed".to_owned()))?;
        socket::send(socket, message, descriptors).map_err(|source| match source.kind() {
            io::ErrorKind::BrokenPipe => RunError::AgentLost("it does not listen".to_owned()),
            _ => RunError::Agent { what: "cannot be told something", source },
        })
    }

    /// The next message, waited for.
    pub(super) fn receive(&mut self) -> Result<(FromAgent, Vec<OwnedFd>), RunError> {
        let socket = self.socket.as_ref().ok_or_else(|| RunError::AgentLost("its socket is closed".to_owned()))?;
        let message = socket::receive(socket);
        let message = message.map_err(|source| RunError::Agent { what: "cannot be understood", source })?;
        message.ok_or_else(|| RunError::AgentLost(self.end()))
    }

    /// Closes the socket, at which the agent ends itself and its proxies, and waits for that; answers how it ended.
    fn end(&mut self) -> String {
        self.socket = None;
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            match self.child.try_wait() {
                Ok(Some(status)) => return status.to_string(),
                Ok(None) => thread::sleep(Duration::from_micros(200)),
                Err(error) => return error.to_string(),
            }
        }
        let killed = self.child.kill().and_then(|()| self.child.wait());
        killed.map_or_else(|error| error.to_string(), |status| status.to_string())
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.end();
    }
}

impl AsRawFd for Agent {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        self.socket.as_ref().map_or(-1, AsRawFd::as_raw_fd)
    }
}

/// A pair of sockets of which the second stays open in the agent.
fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
    rustix::io::fcntl_setfd(theirs.as_fd(), FdFlags::empty())?;
    Ok((ours, theirs))
}

//! The proxies' socket to the agent, which hands their messages on to the VMM and the answers back.
//!
//! All proxies send through the same socket, and any of them may be killed while it waits for an answer. So who asks sends
//! along where the answer is to go: the other end of a pair of its own.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use serde::{Deserialize, Serialize};

use crate::execute::Refusal;
use crate::own_descriptors::OwnFile;
use crate::protocol::{FromAgent, ToAgent};
use crate::socket;

/// From a proxy to the agent.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum FromProxy {
    /// The VMM shall be told this.
    Tell(FromAgent),
    /// The VMM shall be asked this. Beside it: where to send the answer, then what goes beside the question.
    Ask(FromAgent),
    /// A process is about to be made at this place. Beside it: the reading end of a pipe that tells its pid once there
    /// is one, and whose last writing end is closed when that process is gone and the LWK knows that there was one.
    Born {
        /// Its place on the notice board.
        place: usize,
    },
    /// Some process has stopped or gone on.
    Stops,
}

/// The way to the agent, and so to the VMM.
#[derive(Debug)]
pub(crate) struct Link {
    socket: OwnFile,
}

impl Link {
    pub(crate) const fn new(socket: OwnFile) -> Self {
        Self { socket }
    }

    /// Waits for the next message to the first proxy; `None` if there will be none.
    pub(crate) fn receive(&self) -> Option<ToAgent> {
        socket::receive(&self.socket).ok().flatten().map(|(message, _)| message)
    }

    /// The number of its descriptor.
    pub(super) const fn number(&self) -> u32 {
        self.socket.number()
    }

    /// Asks the VMM for something, `file` beside it; the answer goes to `answer`.
    ///
    /// # Errors
    /// Those of sendmsg(2).
    pub(super) fn ask(&self, message: FromAgent, file: Option<BorrowedFd<'_>>, answer: OwnedFd) -> io::Result<()> {
        let beside: Vec<_> = [answer.as_fd()].into_iter().chain(file).collect();
        socket::send(&self.socket, &FromProxy::Ask(message), &beside)?;
        // As long as this end was open here nobody could see that nobody will answer.
        drop(answer);
        Ok(())
    }

    /// Tells the agent that a process will be at `place`, for which `line` speaks.
    ///
    /// # Errors
    /// Those of sendmsg(2).
    pub(crate) fn announce(&self, place: usize, line: BorrowedFd<'_>) -> io::Result<()> {
        socket::send(&self.socket, &FromProxy::Born { place }, &[line])
    }

    /// Lets the agent look which processes are stopped. Should it not hear of this, it is gone.
    pub(crate) fn tell_of_stops(&self) {
        let _ = socket::send(&self.socket, &FromProxy::Stops, &[]);
    }

    /// Ends the partition with a line of text.
    pub(crate) fn fail(&self, text: &str) -> ! {
        let violation = FromAgent::Violation { text: text.to_owned() };
        // Whether or not anybody hears it, this process must not go on.
        let _ = socket::send(&self.socket, &FromProxy::Tell(violation), &[]);
        loop {
            std::thread::park();
        }
    }
}

/// Waits for the answer to a question.
///
/// # Errors
/// The errno that is the answer, or EIO if there will be none.
pub(super) fn answer(here: &OwnFile) -> Result<(), Refusal> {
    match socket::receive(here)?.map(|(message, _)| message) {
        Some(ToAgent::WindowDone { error: 0 }) => Ok(()),
        Some(ToAgent::WindowDone { error }) => Err(Refusal::Errno(error)),
        _ => Err(Refusal::Errno(libc::EIO)),
    }
}

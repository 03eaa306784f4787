//! The proxy's socket to the agent, which hands its messages on to the VMM and the answers back.

use std::os::fd::BorrowedFd;
use std::sync::{Mutex, PoisonError};

use crate::execute::Refusal;
use crate::own_descriptors::OwnFile;
use crate::protocol::{FromAgent, ToAgent};
use crate::socket;

/// The way to the VMM.
#[derive(Debug)]
pub(crate) struct Link {
    socket: OwnFile,
    /// Held while a question is out.
    asking: Mutex<()>,
}

impl Link {
    pub(crate) const fn new(socket: OwnFile) -> Self {
        Self { socket, asking: Mutex::new(()) }
    }

    /// Waits for the next message of the VMM; `None` if there will be none.
    pub(crate) fn receive(&self) -> Option<ToAgent> {
        socket::receive(&self.socket).ok().flatten().map(|(message, _)| message)
    }

    /// Asks the VMM for something, `file` beside it, and waits until it is done.
    ///
    /// # Errors
    /// The errno that the VMM answers.
    pub(crate) fn ask(&self, message: &FromAgent, file: Option<BorrowedFd<'_>>) -> Result<(), Refusal> {
        let _asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        socket::send(&self.socket, message, file.as_slice())?;
        match self.receive() {
            Some(ToAgent::WindowDone { error: 0 }) => Ok(()),
            Some(ToAgent::WindowDone { error }) => Err(Refusal::Errno(error)),
            _ => Err(Refusal::Errno(libc::EIO)),
        }
    }

    /// Ends the partition with a line of text.
    pub(crate) fn fail(&self, text: &str) -> ! {
        // Whether or not anybody hears it, this process must not go on.
        let _ = socket::send(&self.socket, &FromAgent::Violation { text: text.to_owned() }, &[]);
        loop {
            std::thread::park();
        }
    }
}

//! The agent: the parent of the proxies and their only way to the VMM.
//!
//! It does little, because it must live when everything else dies: it makes the first proxy, hands messages and doorbells
//! back and forth, adopts orphans, and tells the VMM how the first proxy ended and the LWK that others did. What it must
//! not do is hold anything of the program's: a pipe whose writer has closed it must be seen closed.

mod proxies;
mod ringer;
mod start;
mod stops;
mod supervise;

use std::os::fd::OwnedFd;

use crate::protocol::FromAgent;
use crate::socket;

/// The agent's main function: serves the VMM at the other end of `socket` until it goes away. Answers the exit status.
///
/// Call it first thing in a fresh process with one thread. Standard input, output and error and all other inherited
/// descriptors are taken to be the program's.
#[must_use]
pub fn run(socket: OwnedFd) -> i32 {
    match start::start(socket) {
        Ok(Some(supervisor)) => supervisor.run(),
        Ok(None) => 0,
        Err((socket, error)) => {
            // If the VMM is gone too, there is nobody to tell.
            let _ = socket::send(&socket, &FromAgent::Failed { text: error.to_string() }, &[]);
            1
        }
    }
}

//! The ringer: hears the doorbell for all proxies and wakes those that the LWK has something for.
//!
//! A doorbell is one eventfd, which can wake one sleeper or all of them, but not the right one. So only this thread sleeps
//! on it, and looks at the notice board.

use std::os::fd::AsFd;
use std::{io, thread};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use crate::own_descriptors::OwnFile;
use crate::proxy::Wires;

/// Bytes of the ringer's stack.
const STACK_BYTES: usize = 64 << 10;

/// Starts the ringer, which lives as long as the agent.
///
/// # Errors
/// Those of clone(2).
pub(super) fn start(doorbell: OwnFile, wires: &'static Wires) -> io::Result<()> {
    let ringer = thread::Builder::new().name("lwk-ringer".to_owned()).stack_size(STACK_BYTES);
    ringer.spawn(move || {
        loop {
            wait(&doorbell);
            wires.board.take(|place| wires.roster.ring(place));
        }
    })?;
    Ok(())
}

fn wait(doorbell: &OwnFile) {
    let mut count = [0; 8];
    while let Err(Errno::AGAIN) = rustix::io::retry_on_intr(|| rustix::io::read(doorbell, &mut count)) {
        // The descriptor does not block; its flags are the VMM's.
        let mut wanted = [PollFd::from_borrowed_fd(doorbell.as_fd(), PollFlags::IN)];
        let _ = poll(&mut wanted, None);
    }
}

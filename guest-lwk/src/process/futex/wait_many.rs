//! `futex_waitv(2)`: waiting for the first of several futexes.

use alloc::sync::Arc;
use alloc::vec::Vec;

use lwk_core::futex::Kind;

use super::deadline::Deadline;
use super::queue::{self, Sleeper};
use super::wait::{self, Ended, Wait};
use crate::errno::Errno;
use crate::memory::user::Access;
use crate::process::thread::Thread;

/// Waits for any of `waits`; answers what ended the wait, and which futex if it was one. Errors as for one futex.
pub fn wait_many(thread: &Thread, waits: &[Wait], deadline: Option<Deadline>) -> Result<(Ended, Option<usize>), Errno> {
    let mut sleepers = Vec::with_capacity(waits.len());
    if let Err(error) = enqueue_all(thread, waits, &mut sleepers) {
        // One that was woken meanwhile has been waited for, whatever is wrong with the others.
        let woken = queue::withdraw_all(&sleepers).ok_or(error)?;
        return Ok((Ended::Woken, Some(woken)));
    }
    let ended = wait::sleep(thread, deadline, || sleepers.iter().any(|sleeper| sleeper.is_woken()));
    Ok(match queue::withdraw_all(&sleepers) {
        Some(woken) => (Ended::Woken, Some(woken)),
        None => (ended, None),
    })
}

fn enqueue_all(thread: &Thread, waits: &[Wait], sleepers: &mut Vec<Arc<Sleeper>>) -> Result<(), Errno> {
    let mut space = thread.process().space.lock();
    for wait in waits {
        wait.place.key(&mut space, Access::Read)?;
    }
    for wait in waits {
        sleepers.push(wait::enqueue(thread, &mut space, wait, Kind::Plain)?);
    }
    Ok(())
}

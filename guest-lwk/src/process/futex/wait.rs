//! Waiting: the word is compared and the thread queued as one step, then it sleeps.

use alloc::sync::Arc;
use core::sync::atomic::Ordering;

use lwk_core::futex::{Kind, Waiter};

use super::deadline::Deadline;
use super::place::Place;
use super::queue::{self, Sleeper};
use crate::errno::Errno;
use crate::memory::space::AddressSpace;
use crate::memory::user::Access;
use crate::process::thread::Thread;
use crate::schedule;

/// A wait, as it was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Wait {
    /// For which futex.
    pub place: Place,
    /// What its word must be.
    pub value: u32,
    /// Which wakers count.
    pub bitset: u32,
}

/// What ended a wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// A waker.
    Woken,
    /// The time-out.
    TimedOut,
    /// A signal that is to be delivered.
    Interrupted,
}

/// Waits. EAGAIN if the word is not what it must be; EINVAL and EFAULT as futex(2) has them.
pub fn wait(thread: &Thread, wait: &Wait, deadline: Option<Deadline>) -> Result<Ended, Errno> {
    if wait.bitset == 0 {
        return Err(Errno::EINVAL);
    }
    let sleeper = {
        let mut space = thread.process().space.lock();
        enqueue(thread, &mut space, wait, Kind::Plain)?
    };
    let ended = sleep(thread, deadline, || sleeper.is_woken());
    if ended != Ended::Woken && sleeper.withdraw().is_none() {
        return Ok(Ended::Woken);
    }
    Ok(ended)
}

/// Queues `thread` if the word is what it must be.
pub fn enqueue(thread: &Thread, space: &mut AddressSpace, wait: &Wait, kind: Kind) -> Result<Arc<Sleeper>, Errno> {
    let key = wait.place.key(space, Access::Read)?;
    let word = wait.place.word(space, Access::Read)?;
    // The same again below counts; this spares the allocation.
    if word.load(Ordering::SeqCst) != wait.value {
        return Err(Errno::EAGAIN);
    }
    if kind == (Kind::ForRequeue { to: key }) {
        return Err(Errno::EINVAL);
    }
    let sleeper = Sleeper::new(thread, key);
    let mut queue = queue::lock(&key);
    if word.load(Ordering::SeqCst) != wait.value {
        return Err(Errno::EAGAIN);
    }
    queue.enqueue(Waiter { key, kind, bitset: wait.bitset, token: Arc::clone(&sleeper) });
    Ok(sleeper)
}

/// Parks until `is_over`, the time-out, or a signal, looked at in this order.
pub fn sleep(thread: &Thread, deadline: Option<Deadline>, mut is_over: impl FnMut() -> bool) -> Ended {
    loop {
        schedule::poll();
        if is_over() {
            return Ended::Woken;
        }
        if deadline.is_some_and(|deadline| deadline.has_passed()) {
            return Ended::TimedOut;
        }
        if thread.has_deliverable_signal() {
            return Ended::Interrupted;
        }
        schedule::park(deadline.map(|deadline| deadline.next_look()));
    }
}

//! Condition variables over locks with a known owner: waiters move from the condition to the lock without waking
//! (`FUTEX_WAIT_REQUEUE_PI`, `FUTEX_CMP_REQUEUE_PI`).

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU32, Ordering};

use lwk_core::futex::{FutexKey, Kind, Owners};

use super::deadline::Deadline;
use super::lock::{self, Acquired, OWNERS};
use super::place::Place;
use super::queue::{self, Queue, Sleeper};
use super::requeue::Requeue;
use super::wait::{self, Ended, Wait};
use crate::errno::{Errno, SysResult};
use crate::memory::user::Access;
use crate::process::signal::deliver::RESTART_ALWAYS;
use crate::process::thread::Thread;

/// Waits to be moved to the lock at `to` and to own it. EAGAIN also when a signal comes after the move: the
/// program must look again.
pub fn wait_for_requeue(thread: &Thread, asked: &Wait, to: Place, deadline: Option<Deadline>) -> SysResult {
    if asked.place.address == to.address || asked.bitset == 0 {
        return Err(Errno::EINVAL);
    }
    let (sleeper, to_key) = {
        let mut space = thread.process().space.lock();
        let to_key = to.key(&mut space, Access::Write)?;
        (wait::enqueue(thread, &mut space, asked, Kind::ForRequeue { to: to_key })?, to_key)
    };
    match lock::own(thread, &sleeper, to, deadline)? {
        Ended::Woken => Ok(0),
        Ended::TimedOut => Err(Errno::ETIMEDOUT),
        Ended::Interrupted if sleeper.key() == to_key => Err(Errno::EAGAIN),
        Ended::Interrupted => Err(Errno(RESTART_ALWAYS)),
    }
}

/// Gives the lock at `asked.to` to the first waiter for `asked.from` if it is free, and lets `asked.moved` more wait for it; answers how many
/// that were. EINVAL if `asked.woken` is not 1 or a waiter waits for something else.
pub fn requeue_to_lock(thread: &Thread, asked: &Requeue) -> SysResult {
    let (wake, requeue) = asked.counts()?;
    if asked.from.address == asked.to.address || wake != 1 {
        return Err(Errno::EINVAL);
    }
    let mut space = thread.process().space.lock();
    let from = asked.from.key(&mut space, Access::Read)?;
    let to = asked.to.key(&mut space, Access::Write)?;
    if from == to {
        return Err(Errno::EINVAL);
    }
    // To find one may copy or move the page of the other, so the first is looked for again.
    asked.from.word(&mut space, Access::Read)?;
    let word = asked.to.word(&mut space, Access::Write)?;
    let condition = asked.from.word(&mut space, Access::Read)?;
    let (mut queue, mut other) = queue::lock_two(&from, &to);
    if asked.value.is_some_and(|value| condition.load(Ordering::SeqCst) != value) {
        return Err(Errno::EAGAIN);
    }
    let mut owners = OWNERS.lock();
    let mut transfer =
        Transfer { from, to, queue: &mut queue, other: other.as_deref_mut(), owners: &mut owners, first: None };
    let result = transfer.run(word, requeue);
    let first = transfer.first;
    drop((owners, queue, other, space));
    if let Some(first) = first {
        first.wake();
    }
    result
}

/// Waiters on their way from a condition to a lock, all locks held.
struct Transfer<'a> {
    from: FutexKey,
    to: FutexKey,
    queue: &'a mut Queue,
    /// The lock's queue, if it is another one.
    other: Option<&'a mut Queue>,
    owners: &'a mut Owners,
    /// Who has got the lock.
    first: Option<Arc<Sleeper>>,
}

impl Transfer<'_> {
    fn run(&mut self, word: &AtomicU32, requeue: usize) -> SysResult {
        let Some(first) = self.next()? else { return Ok(0) };
        let tid = first.thread().tid();
        let to_queue = self.other.as_deref().unwrap_or(self.queue);
        let acquired = lock::acquire(word, to_queue, self.owners, &self.to, tid, requeue > 0)?;
        let owner = match acquired {
            Acquired::Behind(owner) => owner,
            Acquired::Taken => {
                self.queue.remove(&self.from, &first);
                self.first = Some(first);
                Some(tid)
            }
        };
        let mut count = u64::from(acquired == Acquired::Taken);
        while count <= requeue as u64
            && let Some(next) = self.next()?
        {
            self.transfer(&next, owner)?;
            count += 1;
        }
        Ok(count)
    }

    /// Who has waited longest. EINVAL if it does not wait for this lock.
    fn next(&self) -> Result<Option<Arc<Sleeper>>, Errno> {
        match self.queue.first(&self.from) {
            None => Ok(None),
            Some(first) if first.kind == (Kind::ForRequeue { to: self.to }) => Ok(Some(Arc::clone(&first.token))),
            Some(_) => Err(Errno::EINVAL),
        }
    }

    fn transfer(&mut self, sleeper: &Arc<Sleeper>, owner: Option<u32>) -> Result<(), Errno> {
        let to_queue = self.other.as_deref_mut().unwrap_or(self.queue);
        lock::join(to_queue, self.owners, &self.to, sleeper, owner)?;
        sleeper.set_key(self.to);
        self.queue.remove(&self.from, sleeper);
        Ok(())
    }
}

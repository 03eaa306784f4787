//! Locks whose owner the LWK knows (`FUTEX_LOCK_PI` and its relatives).
//!
//! On Linux the owner inherits the priority of who waits. Threads of a partition have no priorities, so what is left is
//! what programs rely on: the lock goes to who has waited longest, deadlocks are refused, and the dead pass their locks on.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU32, Ordering};

use lwk_core::futex::{
    FutexKey, Kind, LockStep, Owners, TID_MASK, Waiter, handed_to, inherited, is_consistent, lock_step,
};
use spin::Mutex;

use super::ANY;
use super::deadline::Deadline;
use super::place::Place;
use super::queue::{self, Queue, Sleeper};
use super::wait::{self, Ended};
use crate::errno::{Errno, SysResult};
use crate::memory::user::Access;
use crate::process::signal::deliver::RESTART_ALWAYS;
use crate::process::table;
use crate::process::thread::Thread;
use crate::schedule;

/// The locks that are waited for.
pub static OWNERS: Mutex<Owners> = Mutex::new(Owners::new());

/// How long a thread waits for a lock.
#[derive(Clone, Copy, Debug)]
pub enum Patience {
    /// Not at all.
    None,
    /// Until then, or for ever.
    Until(Option<Deadline>),
}

/// What came of the wish to have a lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Acquired {
    /// It is had.
    Taken,
    /// This thread has it; `None`: it died, and one of the waiters is about to have it.
    Behind(Option<u32>),
}

/// Takes the lock at `place`. EDEADLK if the caller would wait for itself, ESRCH if the owner is no thread, EINVAL if the word
/// contradicts what the LWK knows.
pub fn lock(thread: &Thread, place: Place, patience: Patience) -> SysResult {
    let Some(sleeper) = begin(thread, place, matches!(patience, Patience::None))? else { return Ok(0) };
    let deadline = if let Patience::Until(deadline) = patience { deadline } else { None };
    match own(thread, &sleeper, place, deadline)? {
        Ended::Woken => Ok(0),
        Ended::TimedOut => Err(Errno::ETIMEDOUT),
        Ended::Interrupted => Err(Errno(RESTART_ALWAYS)),
    }
}

/// Takes the lock (`None`), or queues up for it.
fn begin(thread: &Thread, place: Place, at_once: bool) -> Result<Option<Arc<Sleeper>>, Errno> {
    let mut space = thread.process().space.lock();
    let key = place.key(&mut space, Access::Write)?;
    let word = place.word(&mut space, Access::Write)?;
    let mut queue = queue::lock(&key);
    let mut owners = OWNERS.lock();
    let Acquired::Behind(owner) = acquire(word, &queue, &owners, &key, thread.tid(), false)? else {
        return Ok(None);
    };
    if at_once {
        return Err(Errno::EAGAIN);
    }
    let sleeper = Sleeper::new(thread, key);
    join(&mut queue, &mut owners, &key, &sleeper, owner)?;
    Ok(Some(sleeper))
}

/// Takes the lock for `tid` if it is free, or finds its owner. `announce`: others are about to wait for it.
pub fn acquire(
    word: &AtomicU32,
    queue: &Queue,
    owners: &Owners,
    key: &FutexKey,
    tid: u32,
    announce: bool,
) -> Result<Acquired, Errno> {
    loop {
        let value = word.load(Ordering::SeqCst);
        let step = lock_step(value, tid, announce);
        if let Some(first) = queue.first(key).filter(|_| step != LockStep::Deadlock) {
            let owner = owners.owner(key).filter(|_| first.kind == Kind::Lock).ok_or(Errno::EINVAL)?;
            return if is_consistent(value, owner) { Ok(Acquired::Behind(owner)) } else { Err(Errno::EINVAL) };
        }
        match step {
            LockStep::Deadlock => return Err(Errno::EDEADLK),
            LockStep::Take(new) if replace(word, value, new) => return Ok(Acquired::Taken),
            LockStep::Wait { word: new, owner } if replace(word, value, new) => {
                if will_unlock(owner) {
                    return Ok(Acquired::Behind(Some(owner)));
                }
                if word.load(Ordering::SeqCst) == new {
                    return Err(Errno::ESRCH);
                }
            }
            LockStep::Take(_) | LockStep::Wait { .. } => {}
        }
    }
}

fn replace(word: &AtomicU32, old: u32, new: u32) -> bool {
    word.compare_exchange(old, new, Ordering::SeqCst, Ordering::SeqCst).is_ok()
}

/// Whether `tid` is a thread that has not yet passed its locks on. The caller holds the owners.
fn will_unlock(tid: u32) -> bool {
    table::thread(tid).is_some_and(|owner| !owner.has_left_locks.load(Ordering::SeqCst))
}

/// Queues `sleeper` up for a lock of `owner`.
pub fn join(
    queue: &mut Queue,
    owners: &mut Owners,
    key: &FutexKey,
    sleeper: &Arc<Sleeper>,
    owner: Option<u32>,
) -> Result<(), Errno> {
    let tid = sleeper.thread().tid();
    if owner.is_some_and(|owner| owners.would_deadlock(tid, owner)) {
        return Err(Errno::EDEADLK);
    }
    queue.enqueue(Waiter { key: *key, kind: Kind::Lock, bitset: ANY, token: Arc::clone(sleeper) });
    owners.wait(tid, *key, owner);
    Ok(())
}

/// Sleeps until `sleeper`, which may still have to be moved to the lock at `place`, owns it.
pub fn own(thread: &Thread, sleeper: &Arc<Sleeper>, place: Place, deadline: Option<Deadline>) -> Result<Ended, Errno> {
    let mut failure = None;
    let ended = wait::sleep(thread, deadline, || {
        sleeper.is_woken()
            || inherit(thread, sleeper, place).unwrap_or_else(|error| {
                failure = Some(error);
                true
            })
    });
    if ended == Ended::Woken && failure.is_none() {
        return Ok(ended);
    }
    if !withdraw(sleeper) {
        return Ok(Ended::Woken);
    }
    failure.map_or(Ok(ended), Err)
}

/// Takes the lock that `sleeper` waits for if its owner died and nobody has waited longer.
fn inherit(thread: &Thread, sleeper: &Arc<Sleeper>, place: Place) -> Result<bool, Errno> {
    if OWNERS.lock().owner(&sleeper.key()) != Some(None) {
        return Ok(false);
    }
    let mut space = thread.process().space.lock();
    let word = place.word(&mut space, Access::Write)?;
    Ok(sleeper.in_queue(|queue, key| {
        let mut owners = OWNERS.lock();
        let is_heir = queue.first_for_lock(key).is_some_and(|first| Arc::ptr_eq(&first.token, sleeper));
        if !is_heir || owners.owner(key) != Some(None) {
            return false;
        }
        queue.remove(key, sleeper);
        word.store(inherited(thread.tid()), Ordering::SeqCst);
        owners.hand_over(thread.tid(), key, queue.first_for_lock(key).is_some());
        true
    }))
}

/// Ends the wait of `sleeper`; false if somebody has ended it before. A lock without an owner is left to the next.
fn withdraw(sleeper: &Arc<Sleeper>) -> bool {
    let (withdrawn, next) = sleeper.in_queue(|queue, key| {
        let Some(waiter) = queue.remove(key, sleeper) else { return (false, None) };
        if waiter.kind != Kind::Lock {
            return (true, None);
        }
        let mut owners = OWNERS.lock();
        let next = queue.first_for_lock(key).map(|next| Arc::clone(&next.token));
        owners.leave(sleeper.thread().tid(), key, next.is_some());
        (true, next.filter(|_| owners.owner(key) == Some(None)))
    });
    if let Some(next) = next {
        schedule::unpark(next.thread());
    }
    withdrawn
}

/// Gives the lock at `place` back, to who has waited longest. EPERM if the caller does not have it.
pub fn unlock(thread: &Thread, place: Place) -> SysResult {
    let heir = {
        let mut space = thread.process().space.lock();
        if space.read::<u32>(place.address)? & TID_MASK != thread.tid() {
            return Err(Errno::EPERM);
        }
        let key = place.key(&mut space, Access::Write)?;
        let word = place.word(&mut space, Access::Write)?;
        pass_on(thread.tid(), &key, word)?
    };
    if let Some(heir) = heir {
        heir.wake();
    }
    Ok(0)
}

/// Puts who comes next into the word and takes it out of the queue.
fn pass_on(tid: u32, key: &FutexKey, word: &AtomicU32) -> Result<Option<Arc<Sleeper>>, Errno> {
    let mut queue = queue::lock(key);
    let mut owners = OWNERS.lock();
    loop {
        let value = word.load(Ordering::SeqCst);
        if value & TID_MASK != tid {
            return Err(Errno::EPERM);
        }
        let (new, heir) = match queue.first(key) {
            None => (0, None),
            Some(first) if first.kind == Kind::Lock && owners.owner(key) == Some(Some(tid)) => {
                (handed_to(first.token.thread().tid()), Some(Arc::clone(&first.token)))
            }
            Some(_) => return Err(Errno::EINVAL),
        };
        if !replace(word, value, new) {
            continue;
        }
        if let Some(heir) = &heir {
            queue.remove(key, heir);
            owners.hand_over(heir.thread().tid(), key, queue.first_for_lock(key).is_some());
        }
        return Ok(heir);
    }
}

//! Who looks at the queue.
//!
//! A *watcher* polls it and executes what it finds. Before it executes a call that may wait, somebody else must be
//! ready to see the next request, the one that interrupts the call among them. Waking another thread would cost more
//! than most calls take, so the last watcher only asks the driver for doorbells, which is a store, and one thread, the
//! *standby*, sleeps on the process's bell: when the call ends before the driver has anything new, nobody was woken.
//! Everybody else sleeps as a *follower* until a standby is missing.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, RwLock};

use super::queues::RequestQueue;
use super::turn::Turn;

/// The threads that work for the queue.
#[derive(Debug)]
pub(crate) struct Crew {
    turns: RwLock<Vec<&'static Turn>>,
    watchers: AtomicU32,
    has_standby: AtomicBool,
    followers: Mutex<Followers>,
    called: Condvar,
}

#[derive(Debug, Default)]
struct Followers {
    /// How many sleep.
    asleep: u32,
    /// How many of them shall wake.
    wanted: u32,
}

/// What a watcher does that found nothing to do for a while.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rest {
    /// It has become the standby and shall sleep until the bell says something else than this.
    Standby(u32),
    /// It slept as a follower and is a watcher again.
    Called,
    /// There is something to do: it is still a watcher.
    Busy,
}

/// What a watcher leaves behind that is about to wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Absence {
    /// Somebody will see the next request.
    Covered,
    /// The standby must be woken: there is a request already.
    Ring,
    /// Nobody is there: a new worker is needed, which is counted as a watcher already.
    Alone,
}

impl Crew {
    /// No threads yet.
    pub(crate) fn new() -> Self {
        Self {
            turns: RwLock::default(),
            watchers: AtomicU32::new(0),
            has_standby: AtomicBool::new(false),
            followers: Mutex::default(),
            called: Condvar::new(),
        }
    }

    /// A place for one more worker. It is a watcher.
    pub(crate) fn enlist(&self) -> &'static Turn {
        let turn: &'static Turn = Box::leak(Box::default());
        self.turns.write().unwrap_or_else(PoisonError::into_inner).push(turn);
        self.watchers.fetch_add(1, Ordering::SeqCst);
        turn
    }

    /// Takes back that a worker was enlisted, because there is none.
    pub(crate) fn dismiss(&self, turn: &'static Turn) {
        let mut turns = self.turns.write().unwrap_or_else(PoisonError::into_inner);
        turns.retain(|other| !std::ptr::eq(*other, turn));
        self.watchers.fetch_sub(1, Ordering::SeqCst);
    }

    /// The calling watcher is about to execute a call that may wait.
    pub(crate) fn depart(&self, queue: &RequestQueue) -> Absence {
        let Some(waiting) = self.leave(queue) else { return Absence::Covered };
        if self.has_standby.load(Ordering::SeqCst) {
            return if waiting { Absence::Ring } else { Absence::Covered };
        }
        let mut followers = self.followers();
        if followers.asleep > followers.wanted {
            followers.wanted += 1;
            self.called.notify_one();
            return Absence::Covered;
        }
        Absence::Alone
    }

    /// The call is over: the caller watches again.
    pub(crate) fn come_back(&self, queue: &RequestQueue) {
        if self.watchers.fetch_add(1, Ordering::SeqCst) == 0 {
            queue.disarm();
        }
    }

    /// The calling watcher has found nothing for a while. `bell` reads the bell.
    pub(crate) fn rest(&self, queue: &RequestQueue, bell: impl FnOnce() -> u32) -> Rest {
        // Whoever rings for a standby rings later than this.
        let bell = bell();
        if !self.has_standby.swap(true, Ordering::SeqCst) {
            if self.leave(queue) == Some(true) {
                self.has_standby.store(false, Ordering::SeqCst);
                self.come_back(queue);
                return Rest::Busy;
            }
            return Rest::Standby(bell);
        }
        let mut followers = self.followers();
        match self.leave(queue) {
            Some(true) => {
                drop(followers);
                self.come_back(queue);
                return Rest::Busy;
            }
            // The standby woke and left meanwhile, and counted on this thread.
            Some(false) if !self.has_standby.swap(true, Ordering::SeqCst) => return Rest::Standby(bell),
            _ => {}
        }
        followers.asleep += 1;
        while followers.wanted == 0 {
            followers = self.called.wait(followers).unwrap_or_else(PoisonError::into_inner);
        }
        followers.wanted -= 1;
        followers.asleep -= 1;
        drop(followers);
        self.come_back(queue);
        Rest::Called
    }

    /// The standby was woken and is a watcher.
    pub(crate) fn wake(&self, queue: &RequestQueue) {
        self.come_back(queue);
        self.has_standby.store(false, Ordering::SeqCst);
    }

    /// Whether this is the tid of a worker.
    pub(crate) fn works(&self, thread: u32) -> bool {
        self.turns.read().unwrap_or_else(PoisonError::into_inner).iter().any(|turn| turn.is_of(thread))
    }

    /// Interrupts a request. Whether some worker executes it.
    pub(crate) fn interrupt(&self, process: u32, sequence: u64) -> bool {
        let turns = self.turns.read().unwrap_or_else(PoisonError::into_inner);
        turns.iter().any(|turn| turn.interrupt(process, sequence))
    }

    /// One watcher fewer. If it was the last, doorbells are asked for, and the answer is whether a request is there.
    fn leave(&self, queue: &RequestQueue) -> Option<bool> {
        (self.watchers.fetch_sub(1, Ordering::SeqCst) == 1).then(|| queue.arm())
    }

    fn followers(&self) -> MutexGuard<'_, Followers> {
        self.followers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

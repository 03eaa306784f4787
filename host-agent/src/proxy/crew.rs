//! Who looks at the queues.
//!
//! A *watcher* polls them and executes what it finds. Before it executes a call that may wait, somebody else must be
//! ready to see the next request, the one that interrupts the call among them. Waking another thread would cost more
//! than most calls take, so the last watcher only asks the driver for doorbells, which is a store, and one thread, the
//! *standby*, sleeps on the doorbell: when the call ends before the driver has anything new, nobody was woken.
//! Everybody else sleeps as a *follower* until a standby is missing.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, RwLock};

use super::queues::Queues;
use super::turn::Turn;

/// The threads that work for the queues.
#[derive(Debug)]
pub(crate) struct Crew {
    turns: RwLock<Vec<&'static Turn>>,
    watchers: AtomicU32,
    most_watchers: u32,
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
    /// It has become the standby and shall sleep on the doorbell.
    Standby,
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
    /// No threads yet; at most `most_watchers` of them shall poll at a time.
    pub(crate) fn new(most_watchers: u32) -> Self {
        Self {
            turns: RwLock::default(),
            watchers: AtomicU32::new(0),
            most_watchers: most_watchers.max(1),
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

    /// Whether more threads poll than shall.
    pub(crate) fn has_too_many(&self) -> bool {
        self.watchers.load(Ordering::Relaxed) > self.most_watchers
    }

    /// The calling watcher is about to execute a call that may wait.
    pub(crate) fn depart(&self, queues: &Queues) -> Absence {
        let Some(waiting) = self.leave(queues) else { return Absence::Covered };
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
    pub(crate) fn come_back(&self, queues: &Queues) {
        if self.watchers.fetch_add(1, Ordering::SeqCst) == 0 {
            queues.disarm();
        }
    }

    /// The calling watcher has found nothing for a while.
    pub(crate) fn rest(&self, queues: &Queues) -> Rest {
        if !self.has_standby.swap(true, Ordering::SeqCst) {
            if self.leave(queues) == Some(true) {
                self.has_standby.store(false, Ordering::SeqCst);
                self.come_back(queues);
                return Rest::Busy;
            }
            return Rest::Standby;
        }
        let mut followers = self.followers();
        match self.leave(queues) {
            Some(true) => {
                drop(followers);
                self.come_back(queues);
                return Rest::Busy;
            }
            // The standby woke and left meanwhile, and counted on this thread.
            Some(false) if !self.has_standby.swap(true, Ordering::SeqCst) => return Rest::Standby,
            _ => {}
        }
        followers.asleep += 1;
        while followers.wanted == 0 {
            followers = self.called.wait(followers).unwrap_or_else(PoisonError::into_inner);
        }
        followers.wanted -= 1;
        followers.asleep -= 1;
        drop(followers);
        self.come_back(queues);
        Rest::Called
    }

    /// The standby was woken and is a watcher.
    pub(crate) fn wake(&self, queues: &Queues) {
        self.come_back(queues);
        self.has_standby.store(false, Ordering::SeqCst);
    }

    /// Interrupts a request. Whether some worker executes it.
    pub(crate) fn interrupt(&self, process: u32, queue: u16, sequence: u64) -> bool {
        let turns = self.turns.read().unwrap_or_else(PoisonError::into_inner);
        turns.iter().any(|turn| turn.interrupt(process, queue, sequence))
    }

    /// One watcher fewer. If it was the last, doorbells are asked for, and the answer is whether a request is there.
    fn leave(&self, queues: &Queues) -> Option<bool> {
        (self.watchers.fetch_sub(1, Ordering::SeqCst) == 1).then(|| queues.arm())
    }

    fn followers(&self) -> MutexGuard<'_, Followers> {
        self.followers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

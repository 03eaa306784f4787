//! One wait queue: the waiters of all futexes whose keys fall into it, in the order in which they came.
//!
//! Linux orders by real-time priority first; threads of a partition have none, so the order is that of arrival.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::key::FutexKey;

/// How a waiter waits. Linux refuses to wake one kind with the means of another, since that would lose the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `FUTEX_WAIT` and its relatives.
    Plain,
    /// `FUTEX_WAIT_REQUEUE_PI`: it waits to be moved to the lock `to`.
    ForRequeue {
        /// The lock.
        to: FutexKey,
    },
    /// It waits to own the lock (`FUTEX_LOCK_PI`).
    Lock,
}

/// Somebody who waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiter<T> {
    /// What for.
    pub key: FutexKey,
    /// How.
    pub kind: Kind,
    /// Which wakers it listens to (`FUTEX_WAIT_BITSET`); not 0.
    pub bitset: u32,
    /// Who: the kernel's word for it, different for each waiter.
    pub token: T,
}

/// A waiter of another kind stood in the queue: EINVAL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mixed;

/// Whom a call has woken. They are out of the queue, also when the call fails in the end.
#[derive(Debug, PartialEq, Eq)]
pub struct Woken<T> {
    /// They, first come first.
    pub tokens: Vec<T>,
    /// Whether the call succeeds.
    pub result: Result<(), Mixed>,
}

/// What a requeue has done.
#[derive(Debug, PartialEq, Eq)]
pub struct Requeued<T> {
    /// Who was woken, first come first.
    pub woken: Vec<T>,
    /// Who waits for the other futex now.
    pub moved: Vec<T>,
    /// Whether the call succeeds.
    pub result: Result<(), Mixed>,
}

/// A wait queue.
#[derive(Debug)]
pub struct Bucket<T> {
    waiters: VecDeque<Waiter<T>>,
}

impl<T> Default for Bucket<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Bucket<T> {
    /// Nobody waits.
    #[must_use]
    pub const fn new() -> Self {
        Self { waiters: VecDeque::new() }
    }

    /// How many wait, for whatever.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiters.len()
    }

    /// Whether nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiters.is_empty()
    }

    /// Lets `waiter` wait, behind everybody.
    pub fn enqueue(&mut self, waiter: Waiter<T>) {
        self.waiters.push_back(waiter);
    }

    /// Who has waited longest for `key`.
    #[must_use]
    pub fn first(&self, key: &FutexKey) -> Option<&Waiter<T>> {
        self.waiters.iter().find(|waiter| waiter.key == *key)
    }

    /// Who has waited longest to own the lock `key`.
    #[must_use]
    pub fn first_for_lock(&self, key: &FutexKey) -> Option<&Waiter<T>> {
        self.waiters.iter().find(|waiter| waiter.key == *key && waiter.kind == Kind::Lock)
    }

    /// Takes out who has waited longest for `key`.
    pub fn take_first(&mut self, key: &FutexKey) -> Option<Waiter<T>> {
        let place = self.waiters.iter().position(|waiter| waiter.key == *key)?;
        self.waiters.remove(place)
    }

    /// Wakes waiters for `key` that listen to `bitset`, until there are `count`. A count below 1 wakes one, as on Linux,
    /// which counts before it compares.
    pub fn wake(&mut self, key: &FutexKey, count: i32, bitset: u32) -> Woken<T> {
        let wanted = usize::try_from(count).unwrap_or(0).max(1);
        let mut woken = Woken { tokens: Vec::new(), result: Ok(()) };
        let mut place = 0;
        while woken.tokens.len() < wanted
            && let Some(waiter) = self.waiters.get(place)
        {
            if waiter.key != *key {
                place += 1;
            } else if waiter.kind != Kind::Plain {
                woken.result = Err(Mixed);
                break;
            } else if waiter.bitset & bitset == 0 {
                place += 1;
            } else if let Some(waiter) = self.waiters.remove(place) {
                woken.tokens.push(waiter.token);
            }
        }
        woken
    }
}

impl<T: Clone + PartialEq> Bucket<T> {
    /// Ends the wait of `token` for `key`. `None`: it does not wait any more, somebody has woken it.
    pub fn remove(&mut self, key: &FutexKey, token: &T) -> Option<Waiter<T>> {
        let place = self.waiters.iter().position(|waiter| waiter.key == *key && waiter.token == *token)?;
        self.waiters.remove(place)
    }

    /// Wakes the first `wake` waiters for `key` and lets the next `requeue` wait for `to_key`, behind those who wait for it
    /// already. `to` is the queue of `to_key`, or `None` if that is this one.
    pub fn requeue(
        &mut self,
        to: Option<&mut Self>,
        key: &FutexKey,
        to_key: &FutexKey,
        wake: usize,
        requeue: usize,
    ) -> Requeued<T> {
        let mut done = Requeued { woken: Vec::new(), moved: Vec::new(), result: Ok(()) };
        let mut leaving = VecDeque::new();
        let mut place = 0;
        while done.woken.len() + done.moved.len() < wake.saturating_add(requeue)
            && let Some(waiter) = self.waiters.get(place)
        {
            if waiter.key != *key {
                place += 1;
                continue;
            }
            if waiter.kind != Kind::Plain {
                done.result = Err(Mixed);
                break;
            }
            if done.woken.len() == wake && key == to_key {
                // It waits for that already, and keeps its place.
                done.moved.push(waiter.token.clone());
                place += 1;
                continue;
            }
            let Some(mut waiter) = self.waiters.remove(place) else { break };
            if done.woken.len() < wake {
                done.woken.push(waiter.token);
            } else {
                done.moved.push(waiter.token.clone());
                waiter.key = *to_key;
                leaving.push_back(waiter);
            }
        }
        to.unwrap_or(self).waiters.append(&mut leaving);
        done
    }
}

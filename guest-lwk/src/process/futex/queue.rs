//! The wait queues of the partition, each under a lock of its own, and those who stand in them.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};

use lwk_core::futex::{BUCKETS, Bucket, FutexKey, Waiter, bucket_of};
use spin::{Mutex, MutexGuard};

use crate::process::thread::Thread;
use crate::schedule;

/// A wait queue.
pub type Queue = Bucket<Arc<Sleeper>>;

static QUEUES: [Mutex<Queue>; BUCKETS] = [const { Mutex::new(Bucket::new()) }; BUCKETS];

/// A thread that waits, for one futex of perhaps several.
pub struct Sleeper {
    thread: Arc<Thread>,
    /// What it waits for; a requeue changes it, under the locks of both queues.
    key: Mutex<FutexKey>,
    woken: AtomicBool,
}

impl PartialEq for Sleeper {
    fn eq(&self, other: &Self) -> bool {
        core::ptr::eq(self, other)
    }
}

impl Sleeper {
    /// `thread`, about to wait for `key`.
    pub fn new(thread: &Thread, key: FutexKey) -> Arc<Self> {
        Arc::new(Self { thread: thread.arc(), key: Mutex::new(key), woken: AtomicBool::new(false) })
    }

    /// The thread.
    pub fn thread(&self) -> &Arc<Thread> {
        &self.thread
    }

    /// What it waits for now.
    pub fn key(&self) -> FutexKey {
        *self.key.lock()
    }

    /// It waits for `key` from now on. The caller holds both queues.
    pub fn set_key(&self, key: FutexKey) {
        *self.key.lock() = key;
    }

    /// Whether somebody has ended its wait.
    pub fn is_woken(&self) -> bool {
        self.woken.load(Ordering::Acquire)
    }

    /// Ends its wait; it is out of its queue.
    pub fn wake(&self) {
        self.woken.store(true, Ordering::Release);
        schedule::unpark(&self.thread);
    }

    /// Takes it out of its queue. `None`: somebody has ended its wait before.
    pub fn withdraw(self: &Arc<Self>) -> Option<Waiter<Arc<Self>>> {
        self.in_queue(|queue, key| queue.remove(key, self))
    }

    /// Lets `act` work on the queue that it is in, or was in last.
    pub fn in_queue<R>(&self, act: impl FnOnce(&mut Queue, &FutexKey) -> R) -> R {
        loop {
            let key = self.key();
            let mut queue = lock(&key);
            if self.key() == key {
                return act(&mut queue, &key);
            }
        }
    }
}

/// Locks the queue of `key`.
pub fn lock(key: &FutexKey) -> MutexGuard<'static, Queue> {
    QUEUES[bucket_of(key)].lock()
}

/// Locks the queues of two keys; the second is `None` if it is the first.
pub fn lock_two(
    first: &FutexKey,
    second: &FutexKey,
) -> (MutexGuard<'static, Queue>, Option<MutexGuard<'static, Queue>>) {
    let (one, other) = (bucket_of(first), bucket_of(second));
    if one == other {
        return (QUEUES[one].lock(), None);
    }
    if one < other {
        let first = QUEUES[one].lock();
        return (first, Some(QUEUES[other].lock()));
    }
    let second = QUEUES[other].lock();
    (QUEUES[one].lock(), Some(second))
}

/// Wakes those who were taken out of a queue that is not locked any more; answers how many they are.
pub fn wake_all(sleepers: &[Arc<Sleeper>]) -> u64 {
    for sleeper in sleepers {
        sleeper.wake();
    }
    sleepers.len() as u64
}

/// Withdraws all; answers which was woken before, the last if there are several (`futex_waitv`'s answer).
pub fn withdraw_all(sleepers: &[Arc<Sleeper>]) -> Option<usize> {
    let mut woken = None;
    for (index, sleeper) in sleepers.iter().enumerate() {
        if sleeper.withdraw().is_none() {
            woken = Some(index);
        }
    }
    woken
}

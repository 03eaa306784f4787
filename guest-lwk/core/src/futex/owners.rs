//! Who owns the locks that threads wait for, and who waits for which: enough to see a deadlock coming, and to find
//! what a dying thread leaves behind.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::key::FutexKey;

/// The locks that somebody waits for.
#[derive(Debug, Default)]
pub struct Owners {
    /// The owner's tid, or `None` if it died and nobody has inherited the lock yet.
    locks: BTreeMap<FutexKey, Option<u32>>,
    /// By the waiter's tid, what it waits for.
    waits: BTreeMap<u32, FutexKey>,
}

impl Owners {
    /// Nobody waits.
    #[must_use]
    pub const fn new() -> Self {
        Self { locks: BTreeMap::new(), waits: BTreeMap::new() }
    }

    /// The owner of the lock `key`, which somebody waits for: `Some(None)` if it died, `None` if nobody waits.
    #[must_use]
    pub fn owner(&self, key: &FutexKey) -> Option<Option<u32>> {
        self.locks.get(key).copied()
    }

    /// Whether `tid` would wait for itself if it waited for a lock of `owner`.
    #[must_use]
    pub fn would_deadlock(&self, tid: u32, owner: u32) -> bool {
        let mut owner = owner;
        for _ in 0..=self.waits.len() {
            if owner == tid {
                return true;
            }
            let next = self.waits.get(&owner).and_then(|key| self.locks.get(key)).copied().flatten();
            let Some(next) = next else { return false };
            owner = next;
        }
        false
    }

    /// `tid` waits for `key`; if it is the first, `owner` is who has the lock.
    pub fn wait(&mut self, tid: u32, key: FutexKey, owner: Option<u32>) {
        self.locks.entry(key).or_insert(owner);
        self.waits.insert(tid, key);
    }

    /// `tid` does not wait for `key` any more; `others_wait` says whether anybody does.
    pub fn leave(&mut self, tid: u32, key: &FutexKey, others_wait: bool) {
        self.waits.remove(&tid);
        if !others_wait {
            self.locks.remove(key);
        }
    }

    /// `tid` stops waiting for `key` because the lock is its own now; `others_wait` says whether anybody still waits.
    pub fn hand_over(&mut self, tid: u32, key: &FutexKey, others_wait: bool) {
        self.leave(tid, key, others_wait);
        if let Some(owner) = self.locks.get_mut(key) {
            *owner = Some(tid);
        }
    }

    /// `tid` ended: its locks have no owner. They are the answer: who has waited longest for each inherits it.
    pub fn abandon(&mut self, tid: u32) -> Vec<FutexKey> {
        let own = self.locks.iter_mut().filter(|(_, owner)| **owner == Some(tid));
        own.map(|(key, owner)| {
            *owner = None;
            *key
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    const A: FutexKey = FutexKey::Physical(4);
    const B: FutexKey = FutexKey::Physical(8);
    const C: FutexKey = FutexKey::Physical(12);

    #[test]
    fn a_ring_of_waiters_is_seen_before_it_closes() {
        let mut owners = Owners::new();
        owners.wait(1, B, Some(2));
        owners.wait(2, C, Some(3));
        assert!(owners.would_deadlock(3, 1));
        assert!(owners.would_deadlock(3, 2));
        assert!(!owners.would_deadlock(4, 1));
        assert!(!owners.would_deadlock(1, 3));
    }

    #[test]
    fn a_lock_is_forgotten_with_its_last_waiter() {
        let mut owners = Owners::new();
        owners.wait(1, A, Some(9));
        owners.wait(2, A, Some(9));
        owners.leave(1, &A, true);
        assert_eq!(owners.owner(&A), Some(Some(9)));
        owners.hand_over(2, &A, false);
        assert_eq!(owners.owner(&A), None);
    }

    #[test]
    fn a_lock_that_is_handed_over_has_the_new_owner() {
        let mut owners = Owners::new();
        owners.wait(1, A, Some(9));
        owners.wait(2, A, Some(9));
        owners.hand_over(1, &A, true);
        assert_eq!(owners.owner(&A), Some(Some(1)));
        assert!(!owners.would_deadlock(9, 1));
        assert!(owners.would_deadlock(1, 2));
    }

    #[test]
    fn the_dead_own_nothing() {
        let mut owners = Owners::new();
        owners.wait(1, A, Some(9));
        owners.wait(2, B, Some(9));
        owners.wait(3, C, Some(8));
        assert_eq!(owners.abandon(9), vec![A, B]);
        assert_eq!((owners.owner(&A), owners.owner(&C)), (Some(None), Some(Some(8))));
        assert!(owners.abandon(9).is_empty());
        assert!(!owners.would_deadlock(9, 1));
    }
}

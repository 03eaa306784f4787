//! Robust lists: what a dead thread held, in its own words (`get_robust_list(2)`, "A description of what robust futexes are"
//! in Linux's Documentation/locking).
//!
//! The list is in the program's memory and may be anything: misaligned, endless, a lie. The walk ends at the first thing
//! that cannot be read or written, and after [`LIMIT`] entries.

use super::word::{OWNER_DIED, TID_MASK, WAITERS};

/// Bytes of struct `robust_list_head`.
pub const HEAD_BYTES: u64 = 24;
/// Entries that are looked at, at most (`ROBUST_LIST_LIMIT`).
pub const LIMIT: usize = 2048;

/// Where in the head the distance from an entry to its word is.
const OFFSET_PLACE: u64 = 8;
/// Where in the head the entry that is being locked or unlocked is.
const PENDING_PLACE: u64 = 16;
/// The bit of a pointer to an entry that says that its lock is one with a known owner.
const IS_PI: u64 = 1;

/// A futex that a dead thread may have held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RobustFutex {
    /// The word's address.
    pub address: u64,
    /// Whether it is a priority-inheritance futex, whose waiters are served with the other locks of the thread.
    pub is_pi: bool,
    /// Whether the thread was in the midst of locking or unlocking it.
    pub is_pending: bool,
}

/// What happens to the word of a dead thread's futex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// Nothing: another thread holds it.
    Nothing,
    /// One waiter is woken: the thread unlocked it but may not have come to wake anybody.
    Wake,
    /// The word becomes `word`; then one waiter is woken if `wake`.
    Mark {
        /// The word that says so.
        word: u32,
        /// Whether somebody waits that the owner would have woken.
        wake: bool,
    },
}

/// What happens to `futex`, whose word is `word`, at the death of `tid`.
#[must_use]
pub const fn death(word: u32, tid: u32, futex: &RobustFutex) -> Death {
    let owner = word & TID_MASK;
    if futex.is_pending && !futex.is_pi && owner == 0 {
        return Death::Wake;
    }
    if owner != tid {
        return Death::Nothing;
    }
    Death::Mark { word: (word & WAITERS) | OWNER_DIED, wake: !futex.is_pi && word & WAITERS != 0 }
}

/// Walks the list whose head is at `head`. `read` reads 8 bytes of the program's memory; `visit` deals with a futex and
/// answers whether it could reach it.
pub fn walk(head: u64, mut read: impl FnMut(u64) -> Option<u64>, mut visit: impl FnMut(RobustFutex) -> bool) {
    let place = |offset: u64| head.wrapping_add(offset);
    let (Some(mut entry), Some(offset), Some(pending)) =
        (read(head), read(place(OFFSET_PLACE)), read(place(PENDING_PLACE)))
    else {
        return;
    };
    let futex = |entry: u64, is_pending| RobustFutex {
        address: (entry & !IS_PI).wrapping_add(offset),
        is_pi: entry & IS_PI != 0,
        is_pending,
    };
    for _ in 0..LIMIT {
        if entry & !IS_PI == head {
            break;
        }
        // Read before the visit: whoever is woken may take the entry out of memory.
        let next = read(entry & !IS_PI);
        if entry & !IS_PI != pending & !IS_PI && !visit(futex(entry, false)) {
            return;
        }
        let Some(next) = next else { return };
        entry = next;
    }
    if pending & !IS_PI != 0 {
        visit(futex(pending, true));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;
    use alloc::vec;
    use alloc::vec::Vec;

    const HEAD: u64 = 0x1000;

    fn visited(memory: &[(u64, u64)]) -> Vec<(u64, bool, bool)> {
        let memory: BTreeMap<u64, u64> = memory.iter().copied().collect();
        let mut seen = Vec::new();
        walk(
            HEAD,
            |address| memory.get(&address).copied(),
            |futex| {
                seen.push((futex.address, futex.is_pi, futex.is_pending));
                true
            },
        );
        seen
    }

    #[test]
    fn every_entry_is_visited_and_the_pending_one_last() {
        let list = [(HEAD, 0x2000), (HEAD + 8, 0x20), (HEAD + 16, 0x4001), (0x2000, 0x3001), (0x3000, HEAD)];
        assert_eq!(visited(&list), vec![(0x2020, false, false), (0x3020, true, false), (0x4020, true, true)]);
    }

    #[test]
    fn a_pending_entry_on_the_list_is_visited_once() {
        let list = [(HEAD, 0x2000), (HEAD + 8, 0_u64.wrapping_sub(8)), (HEAD + 16, 0x2000), (0x2000, HEAD)];
        assert_eq!(visited(&list), vec![(0x1ff8, false, true)]);
    }

    #[test]
    fn an_empty_list_has_nothing() {
        assert!(visited(&[(HEAD, HEAD), (HEAD + 8, 0), (HEAD + 16, 0)]).is_empty());
    }

    #[test]
    fn a_ring_ends_at_the_limit() {
        let list = [(HEAD, 0x2000), (HEAD + 8, 0), (HEAD + 16, 0), (0x2000, 0x2000)];
        assert_eq!(visited(&list).len(), LIMIT);
    }

    #[test]
    fn the_walk_ends_where_memory_does() {
        assert!(visited(&[(HEAD, 0x2000), (HEAD + 8, 0)]).is_empty());
        let list = [(HEAD, 0x2000), (HEAD + 8, 0), (HEAD + 16, 0x5000)];
        assert_eq!(visited(&list), vec![(0x2000, false, false)], "not even the pending entry follows");
    }

    #[test]
    fn the_dead_threads_word_is_marked() {
        let held = RobustFutex { address: 0, is_pi: false, is_pending: false };
        assert_eq!(death(7, 7, &held), Death::Mark { word: OWNER_DIED, wake: false });
        assert_eq!(death(7 | WAITERS, 7, &held), Death::Mark { word: OWNER_DIED | WAITERS, wake: true });
        assert_eq!(death(8 | WAITERS, 7, &held), Death::Nothing);
        assert_eq!(death(0, 7, &held), Death::Nothing);
        let pi = RobustFutex { is_pi: true, ..held };
        assert_eq!(death(7 | WAITERS, 7, &pi), Death::Mark { word: OWNER_DIED | WAITERS, wake: false });
    }

    #[test]
    fn an_unlock_that_was_not_finished_wakes_one() {
        let pending = RobustFutex { address: 0, is_pi: false, is_pending: true };
        assert_eq!(death(0, 7, &pending), Death::Wake);
        assert_eq!(death(WAITERS, 7, &pending), Death::Wake);
        assert_eq!(death(0, 7, &RobustFutex { is_pi: true, ..pending }), Death::Nothing);
    }
}

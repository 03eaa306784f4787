//! The word of a lock whose owner the kernel knows (futex(2), "Priority-inheritance futexes").
//!
//! The word is 0 or the owner's tid, so that the uncontended case needs no call; two bits above say that somebody waits and
//! that an owner died. The rules follow `kernel/futex/pi.c`.

/// Somebody waits: the owner must call the kernel to unlock.
pub const WAITERS: u32 = 1 << 31;
/// The owner ended without unlocking.
pub const OWNER_DIED: u32 = 1 << 30;
/// The bits that hold the owner's tid.
pub const TID_MASK: u32 = OWNER_DIED - 1;

/// What a thread that wants a lock does about its word, when nobody waits for the lock yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockStep {
    /// It owns the lock already: EDEADLK.
    Deadlock,
    /// The lock is free: once the word is this, it is the thread's.
    Take(u32),
    /// It waits, once the word is `word`, for `owner` to unlock.
    Wait {
        /// The word with the bit that sends the owner into the kernel.
        word: u32,
        /// The owner's tid.
        owner: u32,
    },
}

/// What `tid` does about a lock whose word is `word`. `announce` says that others will wait even if it gets the lock.
#[must_use]
pub const fn lock_step(word: u32, tid: u32, announce: bool) -> LockStep {
    let owner = word & TID_MASK;
    if owner == tid {
        return LockStep::Deadlock;
    }
    if owner != 0 {
        return LockStep::Wait { word: word | WAITERS, owner };
    }
    let waiters = if announce { WAITERS } else { 0 };
    LockStep::Take((word & OWNER_DIED) | tid | waiters)
}

/// Whether a lock that others wait for may be waited for too: its word must agree with the owner that the kernel
/// knows (`None`: that one died, and nobody has inherited the lock yet). If not, the program has tampered with it: EINVAL.
#[must_use]
pub fn is_consistent(word: u32, owner: Option<u32>) -> bool {
    let named = word & TID_MASK;
    let died = word & OWNER_DIED != 0;
    match owner {
        None => died && named == 0,
        Some(_) if died && named == 0 => true,
        Some(owner) => named == owner,
    }
}

/// The word of a lock that is handed to `tid` by its owner.
#[must_use]
pub const fn handed_to(tid: u32) -> u32 {
    tid | WAITERS
}

/// The word of a lock that `tid` inherits from an owner that died.
#[must_use]
pub const fn inherited(tid: u32) -> u32 {
    tid | WAITERS | OWNER_DIED
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_lock_is_taken_and_remembers_a_death() {
        assert_eq!(lock_step(0, 7, false), LockStep::Take(7));
        assert_eq!(lock_step(0, 7, true), LockStep::Take(7 | WAITERS));
        assert_eq!(lock_step(OWNER_DIED | WAITERS, 7, false), LockStep::Take(7 | OWNER_DIED));
    }

    #[test]
    fn an_owned_lock_is_waited_for() {
        assert_eq!(lock_step(9, 7, false), LockStep::Wait { word: 9 | WAITERS, owner: 9 });
        assert_eq!(lock_step(7 | WAITERS, 7, false), LockStep::Deadlock);
    }

    #[test]
    fn a_word_must_agree_with_the_owner() {
        assert!(is_consistent(9 | WAITERS, Some(9)));
        assert!(!is_consistent(8 | WAITERS, Some(9)));
        assert!(!is_consistent(0, Some(9)));
        assert!(is_consistent(OWNER_DIED | WAITERS, Some(9)), "the owner is about to die");
        assert!(is_consistent(OWNER_DIED | WAITERS, None));
        assert!(!is_consistent(OWNER_DIED | 9, None));
        assert!(!is_consistent(9 | WAITERS, None));
    }
}

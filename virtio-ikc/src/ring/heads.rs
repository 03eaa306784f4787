//! Which heads are between being published and being given back.

use crate::device::QUEUE_SIZE;

/// Heads in one word.
const BITS: u16 = 64;
const WORDS: usize = QUEUE_SIZE.div_ceil(BITS) as usize;

/// A set of descriptor indices of the largest queue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Heads {
    words: [u64; WORDS],
    count: u32,
}

impl Heads {
    /// No head.
    pub(super) const EMPTY: Self = Self { words: [0; WORDS], count: 0 };

    /// Adds `head`; whether it could be a member and was absent.
    pub(super) fn insert(&mut self, head: u16) -> bool {
        let added = self.flip_if(head, false);
        self.count += u32::from(added);
        added
    }

    /// Takes `head` out; whether it was there.
    pub(super) fn remove(&mut self, head: u16) -> bool {
        let removed = self.flip_if(head, true);
        self.count -= u32::from(removed);
        removed
    }

    /// Whether `head` is in the set.
    pub(super) fn contains(&self, head: u16) -> bool {
        self.words.get(usize::from(head / BITS)).is_some_and(|word| word & (1 << (head % BITS)) != 0)
    }

    /// How many heads are in the set.
    pub(super) const fn count(&self) -> u32 {
        self.count
    }

    /// Changes whether `head` is a member if that was `expected`; whether it did.
    fn flip_if(&mut self, head: u16, expected: bool) -> bool {
        let Some(word) = self.words.get_mut(usize::from(head / BITS)) else {
            return false;
        };
        let bit = 1 << (head % BITS);
        if (*word & bit != 0) != expected {
            return false;
        }
        *word ^= bit;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_added_and_removed_once() {
        let mut heads = Heads::EMPTY;
        let last = QUEUE_SIZE - 1;
        assert!(heads.insert(0) && heads.insert(last) && !heads.insert(last));
        assert_eq!(heads.count(), 2);
        assert!(heads.remove(0) && heads.remove(last) && !heads.remove(last));
        assert_eq!(heads, Heads::EMPTY);
    }

    #[test]
    fn heads_past_the_largest_queue_are_never_members() {
        let mut heads = Heads::EMPTY;
        assert!(!heads.insert(QUEUE_SIZE.next_multiple_of(BITS)));
        assert!(!heads.insert(u16::MAX) && !heads.remove(u16::MAX));
        assert_eq!(heads, Heads::EMPTY);
    }
}

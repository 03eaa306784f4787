//! Which descriptors are the agent's: one set for the process, as the descriptors are.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{COUNT, HIGHEST};

/// Words of the set.
const WORDS: usize = (HIGHEST + COUNT) as usize / 64;

/// The process's own.
pub(super) static OWN: Registry = Registry([const { AtomicU64::new(0) }; WORDS]);

/// A set of descriptor numbers.
pub(super) struct Registry([AtomicU64; WORDS]);

impl Registry {
    pub(super) fn insert(&self, number: u32) {
        if let Some((word, bit)) = self.place(number) {
            word.fetch_or(bit, Ordering::Release);
        }
    }

    pub(super) fn remove(&self, number: u32) {
        if let Some((word, bit)) = self.place(number) {
            word.fetch_and(!bit, Ordering::Release);
        }
    }

    pub(super) fn contains(&self, number: u32) -> bool {
        self.place(number).is_some_and(|(word, bit)| word.load(Ordering::Acquire) & bit != 0)
    }

    /// Its numbers, ascending.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u32> {
        let words = (0_u32..).step_by(64).zip(&self.0);
        let words = words.map(|(first, word)| (first, word.load(Ordering::Acquire))).filter(|(_, word)| *word != 0);
        words.flat_map(|(first, word)| (0..64).filter(move |bit| word >> bit & 1 != 0).map(move |bit| first + bit))
    }

    fn place(&self, number: u32) -> Option<(&AtomicU64, u64)> {
        Some((self.0.get(number as usize / 64)?, 1 << (number % 64)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_and_go() {
        let set = Registry([const { AtomicU64::new(0) }; WORDS]);
        for number in [70_000, 5120, 63, 64] {
            set.insert(number);
        }
        assert_eq!(set.numbers().collect::<Vec<_>>(), [63, 64, 5120]);
        assert!(set.contains(64) && !set.contains(65) && !set.contains(70_000) && !set.contains(u32::MAX));
        set.remove(64);
        assert!(!set.contains(64) && set.contains(63));
    }
}

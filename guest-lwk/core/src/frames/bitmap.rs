//! A set of block numbers with a quick answer to "which is the lowest?".
//!
//! The words lie in storage that the owner of several such sets lends to every call, so that one run of memory
//! can hold them all.

use crate::number::index;

/// Summaries above the lowest level included; 64^6 bits are more blocks than an address space has.
const MAX_LEVELS: usize = 6;

/// Where the set lies in the storage. Level 0 has a bit for each block, a bit of each further level says that a word
/// below it is not zero, and the last level is one word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bitmap {
    /// The block that bit 0 stands for.
    origin: u64,
    /// Where each level begins, and behind the last one where it ends.
    starts: [usize; MAX_LEVELS + 1],
    levels: usize,
}

impl Bitmap {
    /// A set of up to `blocks` blocks from `origin` on, in the storage from word `start` on.
    pub(super) fn new(origin: u64, blocks: u64, start: usize) -> Self {
        let mut starts = [start; MAX_LEVELS + 1];
        let mut levels = 0;
        let mut words = index(blocks.div_ceil(64)).max(1);
        loop {
            starts[levels + 1] = starts[levels] + words;
            levels += 1;
            if words == 1 || levels == MAX_LEVELS {
                break;
            }
            words = words.div_ceil(64);
        }
        Self { origin, starts, levels }
    }

    /// Where the storage behind this set begins.
    pub(super) fn end(&self) -> usize {
        self.starts[self.levels]
    }

    /// Whether the set holds `block`, which may be any number.
    pub(super) fn contains(&self, words: &[u64], block: u64) -> bool {
        let Some(bit) = block.checked_sub(self.origin).map(index) else {
            return false;
        };
        let word = self.starts[0] + bit / 64;
        word < self.starts[1] && words[word] & mask(bit) != 0
    }

    /// Adds `block`.
    pub(super) fn insert(&self, words: &mut [u64], block: u64) {
        let mut bit = index(block - self.origin);
        for start in &self.starts[..self.levels] {
            let word = &mut words[start + bit / 64];
            let was_empty = *word == 0;
            *word |= mask(bit);
            if !was_empty {
                return;
            }
            bit /= 64;
        }
    }

    /// Takes `block` away.
    pub(super) fn remove(&self, words: &mut [u64], block: u64) {
        let mut bit = index(block - self.origin);
        for start in &self.starts[..self.levels] {
            let word = &mut words[start + bit / 64];
            *word &= !mask(bit);
            if *word != 0 {
                return;
            }
            bit /= 64;
        }
    }

    /// The lowest block of the set.
    pub(super) fn first(&self, words: &[u64]) -> Option<u64> {
        let top = self.levels - 1;
        self.lowest_in_word(words, top, 0, u64::MAX)
    }

    /// The lowest block of the set that is not below `block`.
    pub(super) fn first_from(&self, words: &[u64], block: u64) -> Option<u64> {
        let mut bit = index(block.saturating_sub(self.origin));
        for level in 0..self.levels {
            if self.starts[level] + bit / 64 >= self.starts[level + 1] {
                return None;
            }
            let found = self.lowest_in_word(words, level, bit / 64, u64::MAX << (bit % 64));
            if found.is_some() {
                return found;
            }
            bit = bit / 64 + 1;
        }
        None
    }

    /// The lowest block below the bits of one word of a level that `wanted` lets through.
    fn lowest_in_word(&self, words: &[u64], level: usize, word: usize, wanted: u64) -> Option<u64> {
        let mut bits = words[self.starts[level] + word] & wanted;
        if bits == 0 {
            return None;
        }
        let mut at = word * 64 + lowest_bit(bits);
        for start in self.starts[..level].iter().rev() {
            bits = words[start + at];
            at = at * 64 + lowest_bit(bits);
        }
        Some(self.origin + at as u64)
    }
}

fn mask(bit: usize) -> u64 {
    1 << (bit % 64)
}

fn lowest_bit(word: u64) -> usize {
    word.trailing_zeros() as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use alloc::vec;
    use proptest::prelude::*;

    #[test]
    fn the_largest_partition_has_five_levels() {
        assert_eq!(Bitmap::new(0, (384 << 30) >> 12, 0).levels, 5);
        assert_eq!(Bitmap::new(0, 64, 0).levels, 1);
        assert_eq!(Bitmap::new(0, 65, 0).levels, 2);
    }

    proptest! {
        #[test]
        fn it_answers_as_an_ordered_set_does(
            origin in 0u64..1000,
            steps in proptest::collection::vec((any::<bool>(), 0u64..20_000), 1..300),
        ) {
            let map = Bitmap::new(origin, 20_000, 3);
            let mut words = vec![0; map.end()];
            let mut model = BTreeSet::new();
            for (add, block) in steps {
                let block = origin + block;
                if add {
                    map.insert(&mut words, block);
                    model.insert(block);
                } else {
                    map.remove(&mut words, block);
                    model.remove(&block);
                }
                prop_assert_eq!(map.contains(&words, block), add);
                prop_assert_eq!(map.first(&words), model.first().copied());
                for from in [block.saturating_sub(70), block, block + 1, block + 5000, origin + 30_000] {
                    prop_assert_eq!(map.first_from(&words, from), model.range(from..).next().copied());
                }
            }
            prop_assert!(!map.contains(&words, u64::MAX));
            prop_assert_eq!(&words[..3], &[0; 3]);
        }
    }
}

//! What makes two words the same futex.

/// How many wait queues there are. Each has a lock of its own.
pub const BUCKETS: usize = 256;

/// The identity of a futex word: two threads mean the same futex if and only if their keys are equal.
///
/// The first two cases stay apart, as on Linux: who waits with `FUTEX_PRIVATE_FLAG` is not woken without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FutexKey {
    /// Used with `FUTEX_PRIVATE_FLAG`: the address tells, whatever is mapped there.
    Private {
        /// Which address space.
        space: u64,
        /// The word's address in it.
        address: u64,
    },
    /// Used without that flag, but in memory that no other address space shares.
    Unshared {
        /// Which address space.
        space: u64,
        /// The word's address in it.
        address: u64,
    },
    /// In shared memory without a file's name: the word's guest-physical address.
    Physical(u64),
    /// In a shared mapping of a file.
    File {
        /// The device that holds the file.
        device: u64,
        /// The file's number there.
        inode: u64,
        /// Where in the file the word is, in bytes.
        offset: u64,
    },
}

impl FutexKey {
    const fn parts(&self) -> [u64; 4] {
        match *self {
            Self::Private { space, address } => [0, space, address, 0],
            Self::Unshared { space, address } => [1, space, address, 0],
            Self::Physical(address) => [2, address, 0, 0],
            Self::File { device, inode, offset } => [3, device, inode, offset],
        }
    }
}

/// The number of the queue that `key` belongs to, below [`BUCKETS`].
#[must_use]
pub fn bucket_of(key: &FutexKey) -> usize {
    // Fibonacci hashing: words 4, 64 or 4096 bytes apart must spread, and the best bits are the upper ones.
    const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mixed = key.parts().iter().fold(0_u64, |hash, part| (hash.rotate_left(23) ^ part).wrapping_mul(SPREAD));
    usize::try_from((mixed ^ (mixed >> 29)).wrapping_mul(SPREAD) >> 56).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn neighbouring_words_spread_over_the_buckets() {
        for stride in [4, 64, 4096, 1 << 21] {
            let mut counts = vec![0_usize; BUCKETS];
            for index in 0..4096 {
                counts[bucket_of(&FutexKey::Private {
                    space: 0x4000_1000,
                    address: 0x7f00_0000_0000 + index * stride,
                })] += 1;
            }
            let longest = counts.iter().copied().max().unwrap_or(0);
            assert!(longest <= 64, "stride {stride}: {longest} of 4096 words in one of {BUCKETS} buckets");
        }
    }

    #[test]
    fn the_private_flag_tells_futexes_apart() {
        assert_ne!(FutexKey::Private { space: 1, address: 8 }, FutexKey::Unshared { space: 1, address: 8 });
    }
}

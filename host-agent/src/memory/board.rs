//! The notice board in the partition's memory ([`virtio_ikc::notice`]).
#![allow(unsafe_code)]

use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};

use virtio_ikc::address::GuestPhysical;
use virtio_ikc::layout::{MAX_VCPUS, NOTICE_BOARD};
use virtio_ikc::notice::{BYTES, LOOKING, LOOKING_STRIDE, TO_AGENT, TO_LWK, WORDS, bit_of};

use super::partition::Partition;

/// The notice board of a partition whose mapping is never taken away.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Board {
    start: usize,
}

impl Board {
    /// The board of `partition`; `None` if that has no memory there.
    pub(crate) fn of(partition: &'static Partition) -> Option<Self> {
        let run = partition.check(GuestPhysical(NOTICE_BOARD), BYTES)?;
        Some(Self { start: run.address() })
    }

    /// Notes that there is something for the LWK at `place`. To be called before the interrupt.
    pub(crate) fn tell_lwk(self, place: usize) {
        let (word, bit) = bit_of(place % (WORDS * 64));
        self.word(TO_LWK, word / 8).fetch_or(bit.to_le(), Ordering::SeqCst);
    }

    /// Whether vCPU `vcpu` looks at the board by itself. To be asked after [`Board::tell_lwk`].
    pub(crate) fn is_looked_at_by(self, vcpu: u32) -> bool {
        let vcpu = u64::from(vcpu) % MAX_VCPUS as u64;
        self.word(LOOKING + vcpu * LOOKING_STRIDE, 0).load(Ordering::SeqCst) != 0
    }

    /// Takes all notes for the agent: calls `found` with each place. To be called after the doorbell was heard.
    pub(crate) fn take(self, mut found: impl FnMut(usize)) {
        for index in 0..WORDS {
            let word = self.word(TO_AGENT, index as u64);
            if word.load(Ordering::Relaxed) == 0 {
                continue;
            }
            let mut bits = u64::from_le(word.swap(0, Ordering::SeqCst));
            while bits != 0 {
                found(64 * index + bits.trailing_zeros() as usize);
                bits &= bits - 1;
            }
        }
    }

    /// Word `index` of what lies at `map`.
    fn word(&self, map: u64, index: u64) -> &AtomicU64 {
        let words: *mut u64 = ptr::with_exposed_provenance_mut(self.start);
        let index = map / 8 + index;
        assert!(index < BYTES / 8, "outside of the board");
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        // SAFETY: inside the board.
        let place = unsafe { words.add(index) };
        // SAFETY: aligned, inside the board, which stays mapped; all access to it is atomic.
        unsafe { AtomicU64::from_ptr(place) }
    }
}

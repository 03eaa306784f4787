//! The notice board in the partition's memory ([`virtio_ikc::notice`]).
#![allow(unsafe_code)]

use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};

use virtio_ikc::address::{GuestPhysical, PAGE_SIZE};
use virtio_ikc::layout::NOTICE_PAGE;
use virtio_ikc::notice::{TO_AGENT, TO_LWK, WORDS, bit_of};

use super::partition::Partition;

/// The notice board of a partition whose mapping is never taken away.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Board {
    start: usize,
}

impl Board {
    /// The board of `partition`; `None` if that has no memory there.
    pub(crate) fn of(partition: &'static Partition) -> Option<Self> {
        let run = partition.check(GuestPhysical(NOTICE_PAGE), PAGE_SIZE)?;
        Some(Self { start: run.address() })
    }

    /// Notes that there is something for the LWK at `place`. To be called before the interrupt.
    pub(crate) fn tell_lwk(self, place: usize) {
        let (word, bit) = bit_of(place % (WORDS * 64));
        self.word(TO_LWK, word / 8).fetch_or(bit.to_le(), Ordering::SeqCst);
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

    /// Word `index` of the map at `map`.
    fn word(&self, map: u64, index: u64) -> &AtomicU64 {
        let words: *mut u64 = ptr::with_exposed_provenance_mut(self.start);
        let index = usize::try_from(map / 8 + index).unwrap_or(usize::MAX);
        assert!(index < 2 * WORDS, "outside of the board");
        // SAFETY: inside the board's page.
        let place = unsafe { words.add(index) };
        // SAFETY: aligned, inside the page, which stays mapped; all access to it is atomic.
        unsafe { AtomicU64::from_ptr(place) }
    }
}

//! The zeroing list: large pages that the LWK has no use for at the moment, and that somebody with time to spare fills with zeros.
//!
//! A page that was used holds what its last owner left. To fill 2 MiB with zeros takes hundreds of microseconds, most of the time of a
//! page fault; while the partition computes, the agent's CPUs have nothing to do. So the LWK puts such pages on a list in shared
//! memory, a thread of the VMM (or a vCPU that is idle) zeroes them one by one, and whoever needs a page takes it from there, zeroed
//! or not. Nobody ever waits for the other side: each slot of the list changes hands by one compare-and-exchange.

use core::sync::atomic::{AtomicU64, Ordering};

use crate::address::{GuestPhysical, LARGE_PAGE_SIZE};

/// Offset on the list of a word: [`ASLEEP`] while the device's thread sleeps and wants to be rung for, else 0.
pub const WORKER: u64 = 0;
/// The device's thread sleeps.
pub const ASLEEP: u64 = 1;
/// Offset on the list of the slots, 64 bits each.
pub const SLOTS: u64 = 64;
/// How many slots there are.
pub const SLOT_COUNT: usize = 504;
/// Bytes of the list.
pub const BYTES: u64 = SLOTS + SLOT_COUNT as u64 * 8;

const EMPTY: u64 = 0;
const DIRTY: u64 = 1;
const BUSY: u64 = 2;
const ZEROED: u64 = 3;
const STATE: u64 = 3;

/// A page that was taken out of its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Its first byte.
    pub page: GuestPhysical,
    /// Whether it holds zeros.
    pub zeroed: bool,
}

/// One slot of the list, wherever the list is mapped.
#[derive(Clone, Copy, Debug)]
pub struct Slot<'a>(&'a AtomicU64);

impl<'a> Slot<'a> {
    /// The slot that `word` is.
    #[must_use]
    pub const fn new(word: &'a AtomicU64) -> Self {
        Self(word)
    }

    /// Puts `page`, a large page with anything in it, into an empty slot. Only the LWK does.
    pub fn put(self, page: GuestPhysical) {
        self.0.store(page.0 | DIRTY, Ordering::SeqCst);
    }

    /// Whether a page waits here to be zeroed.
    #[must_use]
    pub fn is_dirty(self) -> bool {
        self.0.load(Ordering::SeqCst) & STATE == DIRTY
    }

    /// Whether somebody is zeroing the page here.
    #[must_use]
    pub fn is_busy(self) -> bool {
        self.0.load(Ordering::SeqCst) & STATE == BUSY
    }

    /// Takes the page out, unless there is none or somebody is zeroing it. Only the LWK does.
    #[must_use]
    pub fn take(self) -> Option<Taken> {
        let found = self.0.load(Ordering::Relaxed);
        let zeroed = match found & STATE {
            DIRTY => false,
            ZEROED => true,
            _ => return None,
        };
        self.0.compare_exchange(found, EMPTY, Ordering::Acquire, Ordering::Relaxed).ok()?;
        Some(Taken { page: page_of(found), zeroed })
    }

    /// Says that the caller zeroes the page that waits here. What the LWK wrote is not to be trusted: the device checks the address.
    #[must_use]
    pub fn claim(self) -> Option<GuestPhysical> {
        let found = self.0.load(Ordering::Relaxed);
        if found & STATE != DIRTY {
            return None;
        }
        let busy = found & !STATE | BUSY;
        self.0.compare_exchange(found, busy, Ordering::Acquire, Ordering::Relaxed).ok()?;
        Some(page_of(found))
    }

    /// Says that the page, which the caller claimed, holds zeros.
    pub fn finish(self, page: GuestPhysical) {
        self.0.store(page.0 | ZEROED, Ordering::Release);
    }

    /// Says that the page, which the caller claimed, holds anything and waits again.
    pub fn give_up(self, page: GuestPhysical) {
        self.put(page);
    }
}

const fn page_of(word: u64) -> GuestPhysical {
    GuestPhysical(word & !(LARGE_PAGE_SIZE - 1))
}

/// The offset on the list of slot `index`.
#[must_use]
pub const fn slot_offset(index: usize) -> u64 {
    SLOTS + index as u64 * 8
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: GuestPhysical = GuestPhysical(7 * LARGE_PAGE_SIZE);

    #[test]
    fn a_page_is_zeroed_and_taken() {
        let word = AtomicU64::new(0);
        let slot = Slot::new(&word);
        assert_eq!((slot.take(), slot.claim()), (None, None));
        slot.put(PAGE);
        assert_eq!(slot.claim(), Some(PAGE));
        assert_eq!((slot.take(), slot.claim(), slot.is_busy()), (None, None, true));
        slot.finish(PAGE);
        assert_eq!((slot.claim(), slot.is_dirty()), (None, false));
        assert_eq!(slot.take(), Some(Taken { page: PAGE, zeroed: true }));
        assert_eq!(slot.take(), None);
    }

    #[test]
    fn a_page_that_nobody_zeroed_can_be_taken_too() {
        let word = AtomicU64::new(0);
        let slot = Slot::new(&word);
        slot.put(PAGE);
        assert_eq!(slot.take(), Some(Taken { page: PAGE, zeroed: false }));
        slot.put(PAGE);
        assert_eq!(slot.claim(), Some(PAGE));
        slot.give_up(PAGE);
        assert!(slot.is_dirty());
    }
}

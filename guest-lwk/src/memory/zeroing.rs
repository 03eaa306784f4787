//! Zeroing ahead: large pages that were given back wait on the zeroing list (`virtio_ikc::zeroing`) until somebody has zeroed them
//! or until they are wanted.
//!
//! Pages go on the list at its end. The VMM's thread and idle vCPUs zero from its beginning, so that who needs a page finds a zeroed
//! one there; if there is none he takes the last one and zeroes it himself. A page that is just being zeroed is left alone. What is on the
//! list counts as free memory, and when the allocator has none left everything goes back to it.

use virtio_ikc::address::{GuestPhysical, LARGE_PAGE_SIZE};
use virtio_ikc::device::{config, register};
use virtio_ikc::layout::ZEROING_LIST;
use virtio_ikc::zeroing::{ASLEEP, SLOT_COUNT, Slot, Taken, WORKER, slot_offset};

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use spin::Mutex;

use super::frames;
use crate::arch::direct_map::{self, atomic_u64};
use crate::arch::{boot, mmio, time};

/// So many pages have to wait before the VMM's thread is woken for them: the doorbell costs a tenth of what a page does.
const WORTH_RINGING: usize = 4;
/// What an idle vCPU zeroes between two looks around: some microseconds' worth.
const PIECE_BYTES: u64 = 64 << 10;
/// How long an allocator without memory waits for a page that is being zeroed, by a thread that comes behind all others.
const PATIENCE_MICROSECONDS: u64 = 100_000;

/// Whether the device has the feature.
static OFFERED: AtomicBool = AtomicBool::new(false);

/// Takes note that the device zeroes what is on the list.
pub fn take_note_of_offer() {
    OFFERED.store(true, Ordering::Relaxed);
}

fn word(offset: u64) -> &'static AtomicU64 {
    atomic_u64(GuestPhysical(ZEROING_LIST + offset))
}

fn slot(index: usize) -> Slot<'static> {
    Slot::new(word(slot_offset(index % SLOT_COUNT)))
}

/// Which slots are in use: `count` of them from `first` on. Part of the frames' state, under the same lock.
#[derive(Debug)]
pub(super) struct ZeroingList {
    first: usize,
    count: usize,
}

impl ZeroingList {
    /// An empty list.
    pub(super) const fn new() -> Self {
        Self { first: 0, count: 0 }
    }

    /// Puts a large page that nobody uses on the list; whether there was room. Pages are zeroed ahead only where CPUs are to spare.
    pub(super) fn put(&mut self, page: GuestPhysical) -> bool {
        if self.count == SLOT_COUNT || !OFFERED.load(Ordering::Relaxed) || !boot::may_spin() {
            return false;
        }
        slot(self.first + self.count).put(page);
        self.count += 1;
        true
    }

    /// Takes a page, a zeroed one if there is any.
    pub(super) fn take(&mut self) -> Option<Taken> {
        if self.count == 0 {
            return None;
        }
        if let Some(taken) = slot(self.first).take() {
            self.first = (self.first + 1) % SLOT_COUNT;
            self.count -= 1;
            return Some(taken);
        }
        self.take_last()
    }

    fn take_last(&mut self) -> Option<Taken> {
        let taken = slot(self.first + self.count.checked_sub(1)?).take()?;
        self.count -= 1;
        Some(taken)
    }

    /// Takes a page back for an allocator that has nothing else; waits a while for the last one, if it is being zeroed. The VMM's thread zeroes
    /// one page at a time and vCPUs leave theirs, so of two pages one can always be taken.
    pub(super) fn take_back(&mut self) -> Option<GuestPhysical> {
        if self.count == 0 {
            return None;
        }
        give_up_own();
        let since = time::ticks();
        let patience = PATIENCE_MICROSECONDS * u64::from(boot::page().tsc_khz) / 1000;
        loop {
            if let Some(taken) = self.take() {
                return Some(taken.page);
            }
            if time::ticks().wrapping_sub(since) > patience {
                return None;
            }
            core::hint::spin_loop();
        }
    }

    /// Whether it is time to wake the VMM's thread, which sleeps. The caller rings.
    pub(super) fn wants_ringing(&self) -> bool {
        self.count >= WORTH_RINGING
            && word(WORKER).load(Ordering::SeqCst) == ASLEEP
            && slot(self.first + self.count - WORTH_RINGING).is_dirty()
            && word(WORKER).swap(0, Ordering::SeqCst) == ASLEEP
    }

    /// The first page that waits to be zeroed, which is the caller's to zero now, and its slot.
    fn claim(&self) -> Option<(usize, GuestPhysical)> {
        (self.first..self.first + self.count).find_map(|index| Some((index, slot(index).claim()?)))
    }
}

/// Wakes the VMM's thread.
pub(super) fn ring() {
    mmio::write(register::CONFIG + config::ZEROING, 1);
}

/// A page that vCPUs are zeroing, piece by piece, when they are idle.
struct Work {
    slot: usize,
    page: GuestPhysical,
    done: u64,
}

static WORK: Mutex<Option<Work>> = Mutex::new(None);

/// Zeroes a piece of a page that waits on the list, if there is one; for vCPUs that have nothing else to do.
pub fn zero_a_piece() -> bool {
    let Some(mut work) = WORK.try_lock() else { return false };
    if work.is_none() {
        *work = frames::try_with_list(ZeroingList::claim).flatten().map(|(slot, page)| Work { slot, page, done: 0 });
    }
    let Some(current) = work.as_mut() else { return false };
    direct_map::zero(GuestPhysical(current.page.0 + current.done), PIECE_BYTES);
    current.done += PIECE_BYTES;
    if current.done == LARGE_PAGE_SIZE {
        slot(current.slot).finish(current.page);
        *work = None;
    }
    true
}

/// Lets the page go that vCPUs have begun to zero.
fn give_up_own() {
    if let Some(work) = WORK.lock().take() {
        slot(work.slot).give_up(work.page);
    }
}

//! The time page: written under a sequence number, so that readers never see half a change.

use std::mem::offset_of;
use std::sync::atomic::{Ordering, fence};

use virtio_ikc::address::GuestPhysical;
use virtio_ikc::boot::TimePage;
use vm_memory::{Bytes, GuestAddress, GuestMemoryMmap};

/// Nanoseconds of a second.
const NANOSECONDS: u64 = 1_000_000_000;

/// The only writer of a time page.
#[derive(Debug)]
pub(super) struct TimePageWriter {
    memory: GuestMemoryMmap,
    address: GuestPhysical,
    page: TimePage,
}

impl TimePageWriter {
    /// The writer of the page at `address`, a frame of `memory`.
    pub(super) fn new(memory: GuestMemoryMmap, address: GuestPhysical) -> Self {
        Self { memory, address, page: TimePage::default() }
    }

    /// Makes a change that is computed while readers wait: whoever still used the old page has read the counter before.
    pub(super) fn change(&mut self, compute: impl FnOnce(&mut TimePage)) {
        self.store(offset_of!(TimePage, sequence), self.page.sequence.wrapping_add(1), Ordering::Relaxed);
        fence(Ordering::SeqCst);
        compute(&mut self.page);
        let page = self.page;
        let fields = [
            (offset_of!(TimePage, tsc), page.tsc),
            (offset_of!(TimePage, multiplier), page.multiplier),
            (offset_of!(TimePage, monotonic), page.monotonic),
            (offset_of!(TimePage, realtime), page.realtime),
            (offset_of!(TimePage, boottime), page.boottime),
            (offset_of!(TimePage, raw), page.raw),
            (offset_of!(TimePage, raw_multiplier), page.raw_multiplier),
            (offset_of!(TimePage, tai), page.tai),
        ];
        for (offset, value) in fields {
            self.store(offset, value, Ordering::Relaxed);
        }
        for (index, base) in [page.monotonic, page.realtime, page.boottime, page.raw, page.tai].into_iter().enumerate()
        {
            let offset = offset_of!(TimePage, seconds) + index * size_of::<u64>();
            self.store(offset, base / NANOSECONDS, Ordering::Relaxed);
        }
        self.page.sequence = page.sequence.wrapping_add(2);
        self.store(offset_of!(TimePage, sequence), self.page.sequence, Ordering::Release);
    }

    /// The page is a frame of the memory, so that a store cannot fail.
    fn store<T: vm_memory::AtomicAccess>(&self, offset: usize, value: T, order: Ordering) {
        let stored = self.memory.store(value, GuestAddress(self.address.as_u64() + offset as u64), order);
        debug_assert!(stored.is_ok());
    }
}

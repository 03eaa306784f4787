//! The time page: written under a sequence number, so that readers never see half a change.

use std::mem::offset_of;
use std::sync::atomic::{Ordering, fence};

use virtio_ikc::address::GuestPhysical;
use virtio_ikc::boot::{ClockBase, TimePage};
use vm_memory::{Bytes, GuestAddress, GuestMemoryMmap};

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
        self.store(offset_of!(TimePage, tsc), page.tsc, Ordering::Relaxed);
        for (number, base) in page.clocks.into_iter().enumerate() {
            let offset = offset_of!(TimePage, clocks) + number * size_of::<ClockBase>();
            self.store(offset + offset_of!(ClockBase, seconds), base.seconds, Ordering::Relaxed);
            self.store(offset + offset_of!(ClockBase, nanoseconds), base.nanoseconds, Ordering::Relaxed);
            self.store(offset + offset_of!(ClockBase, multiplier), base.multiplier, Ordering::Relaxed);
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

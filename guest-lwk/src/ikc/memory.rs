//! A queue's memory, for the ring: part of the direct map.

use core::sync::atomic::{Ordering, fence};

use virtio_ikc::address::{GuestPhysical, PAGE_SIZE};
use virtio_ikc::ring::{Part, QueueLayout, QueueMemory};

use crate::arch::direct_map::{atomic_u16, atomic_u32, atomic_u64};
use crate::errno::Errno;
use crate::memory::frames;

/// Where the parts of one queue lie.
#[derive(Clone, Copy, Debug)]
pub struct QueuePlace {
    start: GuestPhysical,
    layout: QueueLayout,
    pages: u64,
}

impl QueuePlace {
    /// Takes memory for a queue and for `slots` bytes behind it; answers the place and where the slots begin.
    pub fn allocate(layout: QueueLayout, slots: usize) -> Result<(Self, GuestPhysical), Errno> {
        let queue = layout.total_bytes().next_multiple_of(64);
        let pages = ((queue + slots) as u64).div_ceil(PAGE_SIZE);
        let start = frames::allocate_run_zeroed(pages).ok_or(Errno::ENOMEM)?;
        Ok((Self { start, layout, pages }, GuestPhysical(start.0 + queue as u64)))
    }

    /// Gives the memory back; nobody uses the queue any more.
    pub fn free(&self) {
        frames::free_run(self.start, self.pages);
    }

    /// Where it begins: its parts lie behind one another as the layout says.
    pub fn start(&self) -> GuestPhysical {
        self.start
    }

    /// Its layout.
    pub fn layout(&self) -> QueueLayout {
        self.layout
    }

    /// Where its parts lie.
    pub fn parts(&self) -> super::device::Parts {
        [Part::Descriptors, Part::Available, Part::Used].map(|part| self.part(part))
    }

    fn part(&self, part: Part) -> GuestPhysical {
        GuestPhysical(self.start.0 + self.layout.offset(part) as u64)
    }

    fn at(&self, part: Part, offset: usize) -> GuestPhysical {
        GuestPhysical(self.part(part).0 + offset as u64)
    }
}

impl QueueMemory for QueuePlace {
    fn load_u16(&self, part: Part, offset: usize, ordering: Ordering) -> u16 {
        atomic_u16(self.at(part, offset)).load(ordering)
    }

    fn load_u32(&self, part: Part, offset: usize, ordering: Ordering) -> u32 {
        atomic_u32(self.at(part, offset)).load(ordering)
    }

    fn load_u64(&self, part: Part, offset: usize, ordering: Ordering) -> u64 {
        atomic_u64(self.at(part, offset)).load(ordering)
    }

    fn store_u16(&self, part: Part, offset: usize, value: u16, ordering: Ordering) {
        atomic_u16(self.at(part, offset)).store(value, ordering);
    }

    fn store_u32(&self, part: Part, offset: usize, value: u32, ordering: Ordering) {
        atomic_u32(self.at(part, offset)).store(value, ordering);
    }

    fn store_u64(&self, part: Part, offset: usize, value: u64, ordering: Ordering) {
        atomic_u64(self.at(part, offset)).store(value, ordering);
    }

    fn fence(&self) {
        fence(Ordering::SeqCst);
    }
}

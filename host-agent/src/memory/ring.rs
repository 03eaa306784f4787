//! The parts of a virtqueue in the partition's memory.
#![allow(unsafe_code)]

use std::ptr;
use std::sync::atomic::{AtomicU16, AtomicU32, AtomicU64, Ordering, fence};

use virtio_ikc::address::GuestPhysical;
use virtio_ikc::ring::{Part, QueueLayout, QueueMemory};

use super::partition::Partition;
use crate::protocol::Queue;

/// A virtqueue's memory, checked to lie in the partition, whose mapping is never taken away.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RingMemory {
    parts: [usize; 3],
    lengths: [usize; 3],
}

impl RingMemory {
    /// The memory of `queue`; `None` if its size is not allowed or a part is not aligned or not in the partition.
    pub(crate) fn of(partition: &'static Partition, queue: &Queue) -> Option<(Self, QueueLayout)> {
        let layout = QueueLayout::new(queue.size)?;
        let part = |part: Part, address| {
            let run = partition.check(GuestPhysical(address), layout.bytes(part) as u64)?;
            let aligned = run.address().is_multiple_of(part.alignment().max(8));
            (aligned && !run.is_in_window()).then_some(run.address())
        };
        let parts = [
            part(Part::Descriptors, queue.descriptors)?,
            part(Part::Available, queue.driver)?,
            part(Part::Used, queue.device)?,
        ];
        let lengths = [Part::Descriptors, Part::Available, Part::Used].map(|part| layout.bytes(part));
        Some((Self { parts, lengths }, layout))
    }

    fn at<T>(&self, part: Part, offset: usize) -> *mut T {
        let end = offset.saturating_add(size_of::<T>());
        assert!(end <= self.lengths[part as usize] && offset.is_multiple_of(size_of::<T>()), "outside of the queue");
        ptr::with_exposed_provenance_mut(self.parts[part as usize] + offset)
    }
}

impl QueueMemory for RingMemory {
    fn load_u16(&self, part: Part, offset: usize, ordering: Ordering) -> u16 {
        // SAFETY: `at` answers aligned addresses inside memory that stays mapped; all access to it is atomic.
        u16::from_le(unsafe { AtomicU16::from_ptr(self.at(part, offset)) }.load(ordering))
    }

    fn load_u32(&self, part: Part, offset: usize, ordering: Ordering) -> u32 {
        // SAFETY: as above.
        u32::from_le(unsafe { AtomicU32::from_ptr(self.at(part, offset)) }.load(ordering))
    }

    fn load_u64(&self, part: Part, offset: usize, ordering: Ordering) -> u64 {
        // SAFETY: as above.
        u64::from_le(unsafe { AtomicU64::from_ptr(self.at(part, offset)) }.load(ordering))
    }

    fn store_u16(&self, part: Part, offset: usize, value: u16, ordering: Ordering) {
        // SAFETY: as above.
        unsafe { AtomicU16::from_ptr(self.at(part, offset)) }.store(value.to_le(), ordering);
    }

    fn store_u32(&self, part: Part, offset: usize, value: u32, ordering: Ordering) {
        // SAFETY: as above.
        unsafe { AtomicU32::from_ptr(self.at(part, offset)) }.store(value.to_le(), ordering);
    }

    fn store_u64(&self, part: Part, offset: usize, value: u64, ordering: Ordering) {
        // SAFETY: as above.
        unsafe { AtomicU64::from_ptr(self.at(part, offset)) }.store(value.to_le(), ordering);
    }

    fn fence(&self) {
        fence(Ordering::SeqCst);
    }
}

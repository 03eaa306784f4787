//! What the ring needs of memory, and nothing else.
//!
//! The ring computes offsets and chooses orderings; whoever owns the memory turns an offset into an access. That
//! keeps `unsafe` out of the ring and lets a model checker stand in for the hardware.

use core::sync::atomic::Ordering;

use super::layout::Part;

/// The three parts of one queue, as memory that the other side reads and writes at the same time.
///
/// Every access is one atomic access of exactly its width: never torn, never repeated, never invented. Numbers
/// are little-endian in memory (virtio 1.2, 1.4). `offset` counts bytes from the start of `part`; the ring only
/// uses offsets that are a multiple of the width and end inside [`QueueLayout::bytes`](super::QueueLayout::bytes)
/// of the layout it was made with. Loads are `Relaxed` or `Acquire`, stores `Relaxed` or `Release`.
pub trait QueueMemory {
    /// Reads 16 bits.
    fn load_u16(&self, part: Part, offset: usize, ordering: Ordering) -> u16;
    /// Reads 32 bits.
    fn load_u32(&self, part: Part, offset: usize, ordering: Ordering) -> u32;
    /// Reads 64 bits.
    fn load_u64(&self, part: Part, offset: usize, ordering: Ordering) -> u64;
    /// Writes 16 bits.
    fn store_u16(&self, part: Part, offset: usize, value: u16, ordering: Ordering);
    /// Writes 32 bits.
    fn store_u32(&self, part: Part, offset: usize, value: u32, ordering: Ordering);
    /// Writes 64 bits.
    fn store_u64(&self, part: Part, offset: usize, value: u64, ordering: Ordering);

    /// A sequentially consistent fence: no store before it may be seen after a load behind it. Only this keeps
    /// "I published, does the other side sleep?" and "I go to sleep, was anything published?" from both being
    /// answered with no (virtio 1.2, 2.7.13.4.1).
    fn fence(&self);
}

impl<M: QueueMemory + ?Sized> QueueMemory for &M {
    fn load_u16(&self, part: Part, offset: usize, ordering: Ordering) -> u16 {
        (**self).load_u16(part, offset, ordering)
    }

    fn load_u32(&self, part: Part, offset: usize, ordering: Ordering) -> u32 {
        (**self).load_u32(part, offset, ordering)
    }

    fn load_u64(&self, part: Part, offset: usize, ordering: Ordering) -> u64 {
        (**self).load_u64(part, offset, ordering)
    }

    fn store_u16(&self, part: Part, offset: usize, value: u16, ordering: Ordering) {
        (**self).store_u16(part, offset, value, ordering);
    }

    fn store_u32(&self, part: Part, offset: usize, value: u32, ordering: Ordering) {
        (**self).store_u32(part, offset, value, ordering);
    }

    fn store_u64(&self, part: Part, offset: usize, value: u64, ordering: Ordering) {
        (**self).store_u64(part, offset, value, ordering);
    }

    fn fence(&self) {
        (**self).fence();
    }
}

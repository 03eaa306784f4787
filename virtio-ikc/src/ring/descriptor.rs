//! One entry of the descriptor table (virtio 1.2, 2.7.5).

use core::sync::atomic::Ordering;

use bitflags::bitflags;

use super::layout::{Part, QueueLayout};
use super::memory::QueueMemory;
use crate::address::GuestPhysical;

bitflags! {
    /// Flags of a descriptor. Bits that virtio does not define are kept, so that they can be refused.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct DescriptorFlags: u16 {
        /// The chain goes on at `next`.
        const NEXT = 1;
        /// The device writes the memory; without it, the device reads it.
        const WRITE = 2;
        /// The memory is a table of descriptors. Not negotiated by this device, so always refused.
        const INDIRECT = 4;
    }
}

/// A descriptor, as written by the driver or as copied (but not checked) by the device.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Descriptor {
    /// First byte of the memory.
    pub address: GuestPhysical,
    /// Bytes of it.
    pub length: u32,
    /// What it is for.
    pub flags: DescriptorFlags,
    /// Where the chain goes on, if the flags say that it does.
    pub next: u16,
}

impl Descriptor {
    const LENGTH: usize = 8;
    const FLAGS: usize = 12;
    const NEXT: usize = 14;

    /// Copies entry `index`, each field with one access. `index` must be below the queue's size.
    pub(super) fn load(memory: &impl QueueMemory, index: u16) -> Self {
        let at = QueueLayout::descriptor(index);
        let part = Part::Descriptors;
        Self {
            address: GuestPhysical(memory.load_u64(part, at, Ordering::Relaxed)),
            length: memory.load_u32(part, at + Self::LENGTH, Ordering::Relaxed),
            flags: DescriptorFlags::from_bits_retain(memory.load_u16(part, at + Self::FLAGS, Ordering::Relaxed)),
            next: memory.load_u16(part, at + Self::NEXT, Ordering::Relaxed),
        }
    }

    /// Writes entry `index`, which must be below the queue's size. Publishing a head later makes it visible.
    pub(super) fn store(self, memory: &impl QueueMemory, index: u16) {
        let at = QueueLayout::descriptor(index);
        let part = Part::Descriptors;
        memory.store_u64(part, at, self.address.as_u64(), Ordering::Relaxed);
        memory.store_u32(part, at + Self::LENGTH, self.length, Ordering::Relaxed);
        memory.store_u16(part, at + Self::FLAGS, self.flags.bits(), Ordering::Relaxed);
        memory.store_u16(part, at + Self::NEXT, self.next, Ordering::Relaxed);
    }
}

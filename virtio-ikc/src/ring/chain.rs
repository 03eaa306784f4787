//! A chain of descriptors, copied out of shared memory and checked.
//!
//! The driver may rewrite the table while the device reads it, so each descriptor is read once and only the copy
//! is looked at. What this file cannot know is whether the addresses lie in the partition's memory: a
//! [`Block`] is still a claim to whoever owns that memory.

use super::descriptor::{Descriptor, DescriptorFlags};
use super::error::RingError;
use super::layout::QueueLayout;
use super::memory::QueueMemory;
use crate::address::GuestPhysical;
use crate::message::{Event, Reply, Request};

/// Descriptors of the longest chain that this device knows: a request and its reply.
pub const MAX_CHAIN: usize = 2;

/// What must divide the address of every block: requests, replies and events each begin on a cache line.
const BLOCK_ALIGNMENT: u64 = 64;

/// Memory that a descriptor names: at least one byte, and not past the end of the address space.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Block {
    /// First byte.
    pub address: GuestPhysical,
    /// Bytes, at least 1.
    pub length: u32,
}

impl Block {
    const NONE: Self = Self { address: GuestPhysical(0), length: 0 };

    fn holds<T>(self) -> bool {
        usize::try_from(self.length) == Ok(size_of::<T>()) && self.address.is_aligned(BLOCK_ALIGNMENT)
    }
}

/// A checked chain: one or two blocks, the readable ones first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Chain {
    head: u16,
    blocks: [Block; MAX_CHAIN],
    readable: usize,
    length: usize,
}

/// The two blocks of a request's chain, of the right sizes and alignment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RequestBlocks {
    /// Where the [`Request`] lies.
    pub request: GuestPhysical,
    /// Where the [`Reply`] is to be written.
    pub reply: GuestPhysical,
}

impl Chain {
    /// Copies and checks the chain that begins at `head`.
    pub(super) fn read(memory: &impl QueueMemory, layout: QueueLayout, head: u16) -> Result<Self, RingError> {
        if head >= layout.size() {
            return Err(RingError::HeadOutOfRange { head: head.into() });
        }
        let mut chain = Self { head, blocks: [Block::NONE; MAX_CHAIN], readable: 0, length: 0 };
        let mut index = head;
        loop {
            let descriptor = Descriptor::load(memory, index);
            chain.append(index, descriptor)?;
            if !descriptor.flags.contains(DescriptorFlags::NEXT) {
                return Ok(chain);
            }
            if descriptor.next >= layout.size() {
                return Err(RingError::NextOutOfRange { descriptor: index, next: descriptor.next });
            }
            index = descriptor.next;
        }
    }

    fn append(&mut self, index: u16, descriptor: Descriptor) -> Result<(), RingError> {
        let Some(block) = self.blocks.get_mut(self.length) else {
            return Err(RingError::ChainTooLong { head: self.head });
        };
        *block = checked_block(index, descriptor)?;
        let writable = descriptor.flags.contains(DescriptorFlags::WRITE);
        if !writable && self.readable < self.length {
            return Err(RingError::ReadableAfterWritable { descriptor: index });
        }
        self.length += 1;
        self.readable += usize::from(!writable);
        Ok(())
    }

    /// The blocks that the device may read.
    #[must_use]
    pub fn readable(&self) -> &[Block] {
        &self.blocks[..self.readable]
    }

    /// The blocks that the device may write.
    #[must_use]
    pub fn writable(&self) -> &[Block] {
        &self.blocks[self.readable..self.length]
    }

    /// The chain as one of a request queue.
    ///
    /// # Errors
    /// [`RingError::NotARequest`] unless it is one readable block for a [`Request`] and one writable block for a
    /// [`Reply`].
    pub fn as_request(&self) -> Result<RequestBlocks, RingError> {
        match (self.readable(), self.writable()) {
            ([request], [reply]) if request.holds::<Request>() && reply.holds::<Reply>() => {
                Ok(RequestBlocks { request: request.address, reply: reply.address })
            }
            _ => Err(RingError::NotARequest { head: self.head }),
        }
    }

    /// The chain as one of the event queue: where the [`Event`] is to be written.
    ///
    /// # Errors
    /// [`RingError::NotAnEvent`] unless it is one writable block for an [`Event`].
    pub fn as_event(&self) -> Result<GuestPhysical, RingError> {
        match (self.readable(), self.writable()) {
            ([], [event]) if event.holds::<Event>() => Ok(event.address),
            _ => Err(RingError::NotAnEvent { head: self.head }),
        }
    }
}

fn checked_block(index: u16, descriptor: Descriptor) -> Result<Block, RingError> {
    let Descriptor { address, length, flags, .. } = descriptor;
    if !DescriptorFlags::all().contains(flags) {
        return Err(RingError::UnknownFlags { descriptor: index, flags: flags.bits() });
    }
    if flags.contains(DescriptorFlags::INDIRECT) {
        return Err(RingError::Indirect { descriptor: index });
    }
    if length == 0 {
        return Err(RingError::Empty { descriptor: index });
    }
    if address.span(length.into()).is_none() {
        return Err(RingError::AddressOverflow { descriptor: index });
    }
    Ok(Block { address, length })
}

#[cfg(test)]
mod tests {
    use super::super::test_memory::TestMemory;
    use super::*;

    const LAYOUT: QueueLayout = QueueLayout::STANDARD;

    fn descriptor(flags: DescriptorFlags, length: u32, next: u16) -> Descriptor {
        Descriptor { address: GuestPhysical(0x4000), length, flags, next }
    }

    /// Reads the chain at 0 of a table that begins with `table`.
    fn read(table: &[Descriptor]) -> Result<Chain, RingError> {
        let memory = TestMemory::new(LAYOUT);
        for (index, descriptor) in (0..).zip(table) {
            descriptor.store(&memory, index);
        }
        Chain::read(&memory, LAYOUT, 0)
    }

    const NEXT: DescriptorFlags = DescriptorFlags::NEXT;
    const WRITE: DescriptorFlags = DescriptorFlags::WRITE;
    const READ: DescriptorFlags = DescriptorFlags::empty();

    #[test]
    fn a_request_and_its_reply_are_recognised() {
        let chain = read(&[descriptor(NEXT, 1024, 1), descriptor(WRITE, 64, 0)]).unwrap();
        let blocks = RequestBlocks { request: GuestPhysical(0x4000), reply: GuestPhysical(0x4000) };
        assert_eq!(chain.as_request(), Ok(blocks));
        assert_eq!(chain.as_event(), Err(RingError::NotAnEvent { head: 0 }));
    }

    #[test]
    fn an_event_is_recognised() {
        let chain = read(&[descriptor(WRITE, 128, 0)]).unwrap();
        assert_eq!(chain.as_event(), Ok(GuestPhysical(0x4000)));
        assert_eq!(chain.as_request(), Err(RingError::NotARequest { head: 0 }));
    }

    #[test]
    fn blocks_of_another_size_or_alignment_are_neither() {
        let short = read(&[descriptor(NEXT, 1023, 1), descriptor(WRITE, 64, 0)]).unwrap();
        assert_eq!(short.as_request(), Err(RingError::NotARequest { head: 0 }));
        let crooked = Descriptor { address: GuestPhysical(0x4008), ..descriptor(WRITE, 128, 0) };
        assert_eq!(read(&[crooked]).unwrap().as_event(), Err(RingError::NotAnEvent { head: 0 }));
    }

    #[test]
    fn a_head_past_the_table_is_refused() {
        let memory = TestMemory::new(LAYOUT);
        assert_eq!(
            Chain::read(&memory, LAYOUT, LAYOUT.size()),
            Err(RingError::HeadOutOfRange { head: LAYOUT.size().into() })
        );
    }

    #[test]
    fn a_loop_is_a_chain_too_long() {
        let long = Err(RingError::ChainTooLong { head: 0 });
        assert_eq!(read(&[descriptor(NEXT, 64, 0)]), long);
        assert_eq!(read(&[descriptor(NEXT, 64, 1), descriptor(NEXT, 64, 0)]), long);
    }

    #[test]
    fn a_next_past_the_table_is_refused() {
        let next = LAYOUT.size();
        assert_eq!(read(&[descriptor(NEXT, 64, next)]), Err(RingError::NextOutOfRange { descriptor: 0, next }));
    }

    #[test]
    fn a_next_without_the_flag_is_ignored() {
        assert_eq!(read(&[descriptor(READ, 64, u16::MAX)]).unwrap().readable().len(), 1);
    }

    #[test]
    fn readable_memory_behind_writable_is_refused() {
        let chain = read(&[descriptor(NEXT | WRITE, 64, 1), descriptor(READ, 64, 0)]);
        assert_eq!(chain, Err(RingError::ReadableAfterWritable { descriptor: 1 }));
    }

    #[test]
    fn flags_that_were_not_negotiated_are_refused() {
        let indirect = read(&[descriptor(DescriptorFlags::INDIRECT, 64, 0)]);
        assert_eq!(indirect, Err(RingError::Indirect { descriptor: 0 }));
        let flags = 0x8002;
        let unknown = read(&[descriptor(DescriptorFlags::from_bits_retain(flags), 64, 0)]);
        assert_eq!(unknown, Err(RingError::UnknownFlags { descriptor: 0, flags }));
    }

    #[test]
    fn memory_that_is_empty_or_wraps_is_refused() {
        assert_eq!(read(&[descriptor(READ, 0, 0)]), Err(RingError::Empty { descriptor: 0 }));
        let last = Descriptor { address: GuestPhysical(u64::MAX), ..descriptor(READ, 64, 0) };
        assert_eq!(read(&[last]), Err(RingError::AddressOverflow { descriptor: 0 }));
    }
}

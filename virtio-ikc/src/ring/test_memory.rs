//! Plain memory for tests of one thread.

extern crate std;

use core::cell::RefCell;
use core::sync::atomic::Ordering;
use std::vec;
use std::vec::Vec;

use super::layout::{Part, QueueLayout};
use super::memory::QueueMemory;

/// The three parts of a queue, each exactly as long as its layout says: an access past the end panics.
#[derive(Debug)]
pub(super) struct TestMemory {
    parts: [RefCell<Vec<u8>>; 3],
}

impl TestMemory {
    pub(super) fn new(layout: QueueLayout) -> Self {
        let part = |part| RefCell::new(vec![0; layout.bytes(part)]);
        Self { parts: [part(Part::Descriptors), part(Part::Available), part(Part::Used)] }
    }

    /// Overwrites the start of `part`, as far as both reach.
    pub(super) fn fill(&self, part: Part, bytes: &[u8]) {
        let mut memory = self.parts[part as usize].borrow_mut();
        memory.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    }

    fn load<const N: usize>(&self, part: Part, offset: usize) -> [u8; N] {
        assert!(offset.is_multiple_of(N), "unaligned access");
        self.parts[part as usize].borrow()[offset..offset + N].try_into().unwrap()
    }

    fn store<const N: usize>(&self, part: Part, offset: usize, value: [u8; N]) {
        assert!(offset.is_multiple_of(N), "unaligned access");
        self.parts[part as usize].borrow_mut()[offset..offset + N].copy_from_slice(&value);
    }
}

impl QueueMemory for TestMemory {
    fn load_u16(&self, part: Part, offset: usize, _: Ordering) -> u16 {
        u16::from_le_bytes(self.load(part, offset))
    }

    fn load_u32(&self, part: Part, offset: usize, _: Ordering) -> u32 {
        u32::from_le_bytes(self.load(part, offset))
    }

    fn load_u64(&self, part: Part, offset: usize, _: Ordering) -> u64 {
        u64::from_le_bytes(self.load(part, offset))
    }

    fn store_u16(&self, part: Part, offset: usize, value: u16, _: Ordering) {
        self.store(part, offset, value.to_le_bytes());
    }

    fn store_u32(&self, part: Part, offset: usize, value: u32, _: Ordering) {
        self.store(part, offset, value.to_le_bytes());
    }

    fn store_u64(&self, part: Part, offset: usize, value: u64, _: Ordering) {
        self.store(part, offset, value.to_le_bytes());
    }

    fn fence(&self) {}
}

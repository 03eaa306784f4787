//! A worker's own memory for what cannot be handed to Linux where it lies.
//!
//! Two kinds are needed. A *bounce* is plain memory. An *edge* ends where memory that faults begins: a structure of
//! which the program may access only the first part is laid so that Linux finds the same border.
#![allow(unsafe_code)]

use std::io;
use std::ptr;

use super::mapping::Mapping;

/// Bytes of the plain part.
const PLAIN_BYTES: usize = 256 << 10;
/// Most that an edge holds in the standing scratch memory.
const EDGE_BYTES: usize = 64 << 10;
/// Memory that faults behind an edge.
const GUARD_BYTES: usize = 64 << 10;
/// Edges: one for each argument.
const EDGES: usize = 6;
/// Most bytes that one call can ask for beyond the standing memory.
const LARGE_BYTES: usize = 64 << 20;
/// Bounces begin at multiples of this, so that direct I/O accepts them.
const ALIGNMENT: usize = 4096;

/// Scratch memory of one worker. What was taken lives until [`Scratch::reset`].
#[derive(Debug)]
pub(crate) struct Scratch {
    memory: Mapping,
    plain_used: usize,
    edges_used: usize,
    /// How many edges can be accessed: few calls need one.
    edges_open: usize,
    large: Vec<Mapping>,
}

/// Memory taken from a [`Scratch`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken {
    start: usize,
    length: usize,
}

impl Taken {
    /// Its length in bytes.
    pub(crate) const fn length(self) -> usize {
        self.length
    }

    /// Its first address.
    pub(crate) const fn address(self) -> usize {
        self.start
    }

    fn is_inside(self, memory: &Mapping) -> bool {
        let offset = self.start.wrapping_sub(memory.start());
        offset <= memory.length() && self.length <= memory.length() - offset
    }
}

impl Scratch {
    /// New scratch memory, not populated.
    ///
    /// # Errors
    /// Those of mmap(2).
    pub(crate) fn new() -> io::Result<Self> {
        let memory = Mapping::reserve(PLAIN_BYTES + GUARD_BYTES + EDGES * (EDGE_BYTES + GUARD_BYTES))?;
        memory.open(0, PLAIN_BYTES)?;
        memory.keep_from_children()?;
        Ok(Self { memory, plain_used: 0, edges_used: 0, edges_open: 0, large: Vec::new() })
    }

    /// Gives everything back.
    pub(crate) fn reset(&mut self) {
        self.plain_used = 0;
        self.edges_used = 0;
        if !self.large.is_empty() {
            self.large.clear();
        }
    }

    /// `length` bytes; their content is left over from earlier uses. `None` if there is not so much.
    pub(crate) fn bounce(&mut self, length: usize) -> Option<Taken> {
        let start = self.plain_used.next_multiple_of(if length < ALIGNMENT { 64 } else { ALIGNMENT });
        let end = start.checked_add(length)?;
        if end > PLAIN_BYTES {
            return self.take_large(length, length);
        }
        self.plain_used = end;
        Some(Taken { start: self.memory.start() + start, length })
    }

    /// `length` bytes behind which every access faults.
    pub(crate) fn edge(&mut self, length: usize) -> Option<Taken> {
        if length > EDGE_BYTES || self.edges_used == EDGES {
            return self.take_large(length, length.checked_add(GUARD_BYTES)?);
        }
        if self.edges_used == self.edges_open {
            self.memory.open(Self::edge_start(self.edges_used), EDGE_BYTES).ok()?;
            self.edges_open += 1;
        }
        let start = self.memory.start() + Self::edge_start(self.edges_used) + EDGE_BYTES - length;
        self.edges_used += 1;
        Some(Taken { start, length })
    }

    /// The bytes of `taken`; none if it was given back.
    pub(crate) fn bytes(&mut self, taken: Taken) -> &mut [u8] {
        if !std::iter::once(&self.memory).chain(&self.large).any(|memory| taken.is_inside(memory)) {
            return &mut [];
        }
        let start: *mut u8 = ptr::with_exposed_provenance_mut(taken.start);
        // SAFETY: it lies in a mapping that is ours, and in a part of it that was made readable and writable when it
        // was first taken and stays so; the borrow lets nobody have another slice of it.
        unsafe { std::slice::from_raw_parts_mut(start, taken.length) }
    }

    const fn edge_start(edge: usize) -> usize {
        PLAIN_BYTES + GUARD_BYTES + edge * (EDGE_BYTES + GUARD_BYTES)
    }

    /// A mapping for this call alone: the last page before its guard ends the taken memory.
    fn take_large(&mut self, length: usize, with_guard: usize) -> Option<Taken> {
        if length > LARGE_BYTES {
            return None;
        }
        let open = length.next_multiple_of(ALIGNMENT);
        let guard = (with_guard - length).next_multiple_of(ALIGNMENT);
        let memory = Mapping::reserve(open + guard + ALIGNMENT).ok()?;
        memory.open(0, open).ok()?;
        let start = memory.start() + if guard > 0 { open - length } else { 0 };
        self.large.push(memory);
        Some(Taken { start, length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounces_do_not_overlap_and_come_back() {
        let mut scratch = Scratch::new().unwrap();
        let first = scratch.bounce(100).unwrap();
        let second = scratch.bounce(5000).unwrap();
        scratch.bytes(first).fill(1);
        scratch.bytes(second).fill(2);
        assert!(scratch.bytes(first).iter().all(|byte| *byte == 1));
        assert_eq!(scratch.bytes(second).len(), 5000);
        scratch.reset();
        assert_eq!(scratch.bounce(1).unwrap().start, first.start);
    }

    #[test]
    fn large_and_many_takings_are_served_until_the_limit() {
        let mut scratch = Scratch::new().unwrap();
        let large = scratch.bounce(1 << 20).unwrap();
        scratch.bytes(large).fill(7);
        for _ in 0..20 {
            let edge = scratch.edge(4097).unwrap();
            scratch.bytes(edge).fill(1);
        }
        assert!(scratch.bounce(LARGE_BYTES + 1).is_none());
    }

    #[test]
    fn behind_an_edge_every_access_faults() {
        let mut scratch = Scratch::new().unwrap();
        for length in [0, 1, 100, EDGE_BYTES, EDGE_BYTES + 1] {
            let edge = scratch.edge(length).unwrap();
            assert!((edge.start + length).is_multiple_of(4096));
            let behind = [0_u8; 1];
            let address: *mut u8 = ptr::with_exposed_provenance_mut(edge.start + length);
            let vector = |address: *mut u8| libc::iovec { iov_base: address.cast(), iov_len: 1 };
            let (to, from) = (vector(behind.as_ptr().cast_mut()), vector(address));
            let own = std::process::id().cast_signed();
            // SAFETY: Linux checks the addresses.
            let copied = unsafe { libc::process_vm_readv(own, &raw const to, 1, &raw const from, 1, 0) };
            assert_eq!(copied, -1);
        }
    }
}

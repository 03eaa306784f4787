//! The copy of a request that the guest can no longer change.

use virtio_ikc::address::GuestPhysical;
use virtio_ikc::message::{
    BufferDescriptor, INLINE_SEGMENTS, MAX_BUFFERS, MAX_SEGMENTS, REQUEST_BYTES, RequestHeader, Segment,
};

use super::header::{Header, SEGMENT_COUNT_OFFSET, SEGMENT_TABLE_OFFSET};
use super::parse::GuestMemory;
use super::violation::Violation;

/// Where the inline segments begin.
const SEGMENTS_OFFSET: usize = size_of::<RequestHeader>() + MAX_BUFFERS * size_of::<BufferDescriptor>();
/// What must divide a table's address.
const TABLE_ALIGNMENT: u64 = 8;
const SEGMENT_BYTES: usize = size_of::<Segment>();

/// A request's bytes and those of its segment table, each taken from shared memory once. Reused from request to
/// request; it holds as much memory as the longest table it has seen.
#[derive(Debug)]
pub struct RequestCopy {
    bytes: Box<[u8; REQUEST_BYTES]>,
    table: Vec<u8>,
    segments: u32,
    inline: bool,
}

impl Default for RequestCopy {
    fn default() -> Self {
        Self { bytes: Box::new([0; REQUEST_BYTES]), table: Vec::new(), segments: 0, inline: true }
    }
}

impl RequestCopy {
    /// Takes the request at `address`: its head, then as many segments as the head's copy names.
    ///
    /// # Errors
    /// [`Violation::BlockOutside`], [`Violation::TooManySegments`] and [`Violation::TableOutside`].
    pub fn take(&mut self, memory: &impl GuestMemory, address: GuestPhysical) -> Result<(), Violation> {
        let outside = Violation::BlockOutside(address.as_u64());
        let (head, segments) = self.bytes.split_at_mut(SEGMENTS_OFFSET);
        memory.read(address, head).map_err(|()| outside)?;
        let count = u32_at(head, SEGMENT_COUNT_OFFSET);
        let table = u64_at(head, SEGMENT_TABLE_OFFSET);
        let length = count as usize * SEGMENT_BYTES;
        self.segments = count;
        self.inline = table == 0;
        if self.inline {
            let wanted = segments.get_mut(..length).filter(|_| count as usize <= INLINE_SEGMENTS);
            let wanted = wanted.ok_or(Violation::TooManySegments(count))?;
            if wanted.is_empty() {
                return Ok(());
            }
            let first = address.checked_add(SEGMENTS_OFFSET as u64).ok_or(outside)?;
            return memory.read(first, wanted).map_err(|()| outside);
        }
        if !GuestPhysical(table).is_aligned(TABLE_ALIGNMENT) {
            return Err(Violation::TableOutside(table));
        }
        if count as usize > MAX_SEGMENTS {
            return Err(Violation::TooManySegments(count));
        }
        self.table.resize(length, 0);
        memory.read(GuestPhysical(table), &mut self.table).map_err(|()| Violation::TableOutside(table))
    }

    /// The fixed head.
    pub(super) fn header(&self) -> Header {
        Header::of(&self.bytes)
    }

    /// Buffer `index`, which must be below [`MAX_BUFFERS`].
    pub(super) fn buffer(&self, index: usize) -> BufferDescriptor {
        let at = size_of::<RequestHeader>() + index * size_of::<BufferDescriptor>();
        let [argument, role, direction, faults] = [0, 1, 2, 3].map(|byte| self.bytes[at + byte]);
        BufferDescriptor {
            argument,
            role,
            direction,
            faults,
            segment_count: u32_at(&self.bytes[..], at + 4),
            length: u64_at(&self.bytes[..], at + 8),
        }
    }

    /// How many segments there are.
    pub(super) const fn segment_count(&self) -> u32 {
        self.segments
    }

    /// Segments `first` to `first + count`; fewer if there are fewer.
    pub(super) fn segments(&self, first: u32, count: u32) -> impl ExactSizeIterator<Item = Segment> + Clone {
        let all = if self.inline { &self.bytes[SEGMENTS_OFFSET..] } else { &self.table[..] };
        let all = &all[..(self.segments as usize * SEGMENT_BYTES).min(all.len())];
        let start = (first as usize * SEGMENT_BYTES).min(all.len());
        let end = (start + count as usize * SEGMENT_BYTES).min(all.len());
        all[start..end]
            .chunks_exact(SEGMENT_BYTES)
            .map(|bytes| Segment { address: GuestPhysical(u64_at(bytes, 0)), length: u64_at(bytes, 8) })
    }
}

/// The little-endian number at `offset`, which must be at least 4 bytes before the end.
pub(super) fn u32_at(bytes: &[u8], offset: usize) -> u32 {
    bytes[offset..].first_chunk().map_or(0, |number| u32::from_le_bytes(*number))
}

/// The little-endian number at `offset`, which must be at least 8 bytes before the end.
pub(super) fn u64_at(bytes: &[u8], offset: usize) -> u64 {
    bytes[offset..].first_chunk().map_or(0, |number| u64::from_le_bytes(*number))
}

//! Where things lie in a queue of a given size (virtio 1.2, 2.7).

use crate::device::QUEUE_SIZE;

/// Bytes of a cache line; the parts of a queue share none, because each has one writer.
const CACHE_LINE: usize = 64;

/// One of the three parts of a split virtqueue; each has an address of its own in the device's registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// The descriptor table: written by the driver, read by the device.
    Descriptors,
    /// The available ring: written by the driver, read by the device.
    Available,
    /// The used ring: written by the device, read by the driver.
    Used,
}

impl Part {
    /// What must divide the part's address (virtio 1.2, 2.7).
    #[must_use]
    pub const fn alignment(self) -> usize {
        match self {
            Self::Descriptors => 16,
            Self::Available => 2,
            Self::Used => 4,
        }
    }
}

/// The geometry of a queue: a checked number of entries, and what follows from it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct QueueLayout {
    size: u16,
}

impl QueueLayout {
    /// Queues of [`QUEUE_SIZE`] entries.
    pub const STANDARD: Self = Self { size: QUEUE_SIZE };

    /// Offset of the index in the available and in the used ring.
    pub(super) const INDEX: usize = 2;

    /// A queue of `size` entries; `None` unless that is a power of two from 2 to [`QUEUE_SIZE`].
    #[must_use]
    pub const fn new(size: u16) -> Option<Self> {
        if size < 2 || size > QUEUE_SIZE || !size.is_power_of_two() {
            return None;
        }
        Some(Self { size })
    }

    /// Entries of the queue.
    #[must_use]
    pub const fn size(self) -> u16 {
        self.size
    }

    /// Request slots of the queue: a slot takes two descriptors, the request and its reply.
    #[must_use]
    pub const fn slots(self) -> u16 {
        self.size / 2
    }

    /// Bytes of one part.
    #[must_use]
    pub const fn bytes(self, part: Part) -> usize {
        let size = self.size as usize;
        match part {
            Part::Descriptors => 16 * size,
            Part::Available => 6 + 2 * size,
            Part::Used => 6 + 8 * size,
        }
    }

    /// Where a part begins when the three lie one behind the other in memory that starts on a cache line.
    #[must_use]
    pub const fn offset(self, part: Part) -> usize {
        match part {
            Part::Descriptors => 0,
            Part::Available => self.end(Part::Descriptors),
            Part::Used => self.end(Part::Available),
        }
    }

    /// Bytes of the three parts together, laid out so.
    #[must_use]
    pub const fn total_bytes(self) -> usize {
        self.end(Part::Used)
    }

    const fn end(self, part: Part) -> usize {
        (self.offset(part) + self.bytes(part)).next_multiple_of(CACHE_LINE)
    }

    /// Offset of a descriptor in the table; `index` must be below the size.
    pub(super) const fn descriptor(index: u16) -> usize {
        16 * index as usize
    }

    /// Offset in the available ring of the entry that the free-running `index` names.
    pub(super) const fn available_entry(self, index: u16) -> usize {
        4 + 2 * self.wrap(index)
    }

    /// Offset in the used ring of the entry that the free-running `index` names.
    pub(super) const fn used_entry(self, index: u16) -> usize {
        4 + 8 * self.wrap(index)
    }

    /// Offset of `used_event` in the available ring.
    pub(super) const fn used_event(self) -> usize {
        self.bytes(Part::Available) - 2
    }

    /// Offset of `avail_event` in the used ring.
    pub(super) const fn available_event(self) -> usize {
        self.bytes(Part::Used) - 2
    }

    const fn wrap(self, index: u16) -> usize {
        (index & (self.size - 1)) as usize
    }
}

const _: () = assert!(QueueLayout::new(QUEUE_SIZE).is_some());

#[cfg(test)]
mod tests {
    use super::*;

    const PARTS: [Part; 3] = [Part::Descriptors, Part::Available, Part::Used];

    fn all() -> impl Iterator<Item = QueueLayout> {
        (0..=u16::MAX).filter_map(QueueLayout::new)
    }

    #[test]
    fn only_powers_of_two_up_to_the_maximum_are_sizes() {
        assert!(all().map(QueueLayout::size).eq((1..16).map(|log| 1 << log).filter(|size| *size <= QUEUE_SIZE)));
    }

    #[test]
    fn parts_are_aligned_and_share_no_cache_line() {
        for layout in all() {
            let mut end = 0;
            for part in PARTS {
                assert!(layout.offset(part) >= end);
                assert!(layout.offset(part).is_multiple_of(CACHE_LINE.max(part.alignment())));
                end = layout.offset(part) + layout.bytes(part);
            }
            assert!(layout.total_bytes() >= end);
        }
    }

    #[test]
    fn a_queue_of_64_entries_has_the_layout_of_the_specification() {
        let layout = QueueLayout::new(64).unwrap();
        assert_eq!(PARTS.map(|part| layout.bytes(part)), [1024, 134, 518]);
        assert_eq!(PARTS.map(|part| layout.offset(part)), [0, 1024, 1216]);
        assert_eq!(layout.total_bytes(), 1792);
    }

    #[test]
    fn every_offset_ends_inside_its_part() {
        for layout in all() {
            for index in [0, layout.size() - 1, layout.size(), u16::MAX] {
                assert!(layout.available_entry(index) + 2 <= layout.used_event());
                assert!(layout.used_entry(index) + 8 <= layout.available_event());
            }
            let last = QueueLayout::descriptor(layout.size() - 1);
            assert_eq!(last + 16, layout.bytes(Part::Descriptors));
        }
    }
}

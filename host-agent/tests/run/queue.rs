//! Queues in the partition's memory, as the driver sees them.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::atomic::Ordering;

use host_agent::protocol::Queue;
use virtio_ikc::ring::{Part, QueueLayout, QueueMemory};

/// What the driver says of a queue of `size` entries in one piece at `start`.
pub(crate) fn queue(index: u16, start: u64, size: u16) -> Queue {
    let layout = QueueLayout::new(size).unwrap();
    let part = |part| start + layout.offset(part) as u64;
    let [descriptors, driver, device] = [Part::Descriptors, Part::Available, Part::Used].map(part);
    Queue { index, size, descriptors, driver, device }
}

/// A queue's memory, accessed through the partition's memory file.
pub(crate) struct QueueFile {
    file: File,
    start: u64,
    layout: QueueLayout,
}

impl QueueFile {
    /// The queue of `size` entries at `start`.
    pub(crate) fn new(memory: &File, start: u64, size: u16) -> (Self, QueueLayout) {
        let layout = QueueLayout::new(size).unwrap();
        (Self { file: memory.try_clone().unwrap(), start, layout }, layout)
    }

    fn load<const N: usize>(&self, part: Part, offset: usize) -> [u8; N] {
        let mut bytes = [0; N];
        self.file.read_exact_at(&mut bytes, self.place(part, offset)).unwrap();
        bytes
    }

    fn store(&self, part: Part, offset: usize, bytes: &[u8]) {
        self.file.write_all_at(bytes, self.place(part, offset)).unwrap();
    }

    fn place(&self, part: Part, offset: usize) -> u64 {
        self.start + (self.layout.offset(part) + offset) as u64
    }
}

impl QueueMemory for QueueFile {
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
        self.store(part, offset, &value.to_le_bytes());
    }

    fn store_u32(&self, part: Part, offset: usize, value: u32, _: Ordering) {
        self.store(part, offset, &value.to_le_bytes());
    }

    fn store_u64(&self, part: Part, offset: usize, value: u64, _: Ordering) {
        self.store(part, offset, &value.to_le_bytes());
    }

    fn fence(&self) {
        std::sync::atomic::fence(Ordering::SeqCst);
    }
}

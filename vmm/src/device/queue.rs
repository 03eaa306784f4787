//! What the driver says of a queue (virtio 1.2, 4.2.2).

use host_agent::protocol::Queue;
use virtio_ikc::device::{QUEUE_SIZE, register};

/// The registers of one queue.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct QueueRegisters {
    size: u32,
    ready: bool,
    descriptors: u64,
    driver: u64,
    device: u64,
}

impl QueueRegisters {
    /// Whether the driver has made it ready.
    pub(super) const fn is_ready(&self) -> bool {
        self.ready
    }

    /// Takes a write to one of its registers; `false` when the driver may not do that now.
    pub(super) fn write(&mut self, offset: u64, value: u32) -> bool {
        if offset == register::QUEUE_READY {
            return self.set_ready(value);
        }
        if self.ready {
            return false;
        }
        match offset {
            register::QUEUE_SIZE => self.size = value,
            register::QUEUE_DESCRIPTORS..=0x87 => set_half(&mut self.descriptors, offset, value),
            register::QUEUE_DRIVER..=0x97 => set_half(&mut self.driver, offset, value),
            register::QUEUE_DEVICE..=0xa7 => set_half(&mut self.device, offset, value),
            _ => {}
        }
        true
    }

    /// Sizes are powers of two; the parts have virtio's alignments (virtio 1.2, 2.7). Where they lie the agent checks, as it uses
    /// the memory.
    fn set_ready(&mut self, value: u32) -> bool {
        let size = self.size.is_power_of_two() && (2..=u32::from(QUEUE_SIZE)).contains(&self.size);
        let aligned =
            self.descriptors.is_multiple_of(16) && self.driver.is_multiple_of(2) && self.device.is_multiple_of(4);
        self.ready = value == 1;
        !self.ready || (size && aligned)
    }

    /// The queue as the agent needs it.
    pub(super) fn describe(&self, index: u16) -> Queue {
        Queue {
            index,
            size: u16::try_from(self.size).unwrap_or(QUEUE_SIZE),
            descriptors: self.descriptors,
            driver: self.driver,
            device: self.device,
        }
    }
}

fn set_half(address: &mut u64, offset: u64, value: u32) {
    let shift = if offset.is_multiple_of(8) { 0 } else { 32 };
    *address = *address & !(0xffff_ffff << shift) | u64::from(value) << shift;
}

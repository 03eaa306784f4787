//! The queues, shared by the workers: a lock for each.

use std::sync::{Mutex, MutexGuard, PoisonError};

use virtio_ikc::device::EVENT_QUEUE;
use virtio_ikc::ring::{Device, RequestBlocks, Watch};

use crate::memory::{Partition, RingMemory};
use crate::protocol::Queue;
use crate::request::Violation;

/// One queue.
#[derive(Debug)]
pub(crate) struct SharedQueue {
    /// Its index.
    pub(crate) index: u16,
    device: Mutex<Device<RingMemory>>,
}

/// The queues of the device.
#[derive(Debug)]
pub(crate) struct Queues {
    /// Those that bring requests.
    pub(crate) requests: Vec<SharedQueue>,
    /// The one that takes events.
    pub(crate) events: Option<SharedQueue>,
}

/// A request that was taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken {
    /// Names it to the queue.
    pub(crate) head: u16,
    /// Where it and its reply lie.
    pub(crate) blocks: RequestBlocks,
}

impl Queues {
    /// The queues that the driver made.
    ///
    /// # Errors
    /// The index of a queue that is not wholly in the partition's memory, or named twice.
    pub(crate) fn of(memory: &'static Partition, queues: &[Queue]) -> Result<Self, u16> {
        let mut made = Self { requests: Vec::new(), events: None };
        for queue in queues {
            let (ring, layout) = RingMemory::of(memory, queue).ok_or(queue.index)?;
            let shared = SharedQueue { index: queue.index, device: Mutex::new(Device::new(ring, layout)) };
            let known = made.requests.iter().chain(&made.events).any(|other| other.index == queue.index);
            if known {
                return Err(queue.index);
            }
            if queue.index == EVENT_QUEUE {
                made.events = Some(shared);
            } else {
                made.requests.push(shared);
            }
        }
        Ok(made)
    }

    /// Asks for a doorbell at the next request. Whether there is one already.
    pub(crate) fn arm(&self) -> bool {
        self.requests.iter().filter(|queue| queue.lock().arm_notifications()).count() > 0
    }

    /// Wants no doorbell any more.
    pub(crate) fn disarm(&self) {
        for queue in &self.requests {
            queue.lock().disarm();
        }
    }
}

impl SharedQueue {
    pub(super) fn lock(&self) -> MutexGuard<'_, Device<RingMemory>> {
        self.device.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a worker needs to look for the next request without the lock.
    pub(crate) fn watch(&self) -> Watch<RingMemory> {
        self.lock().watch()
    }

    /// Takes the next request; `before` is called with the queue locked. Answers what to look for next as well.
    pub(crate) fn take(&self, before: impl FnOnce()) -> Result<(Option<Taken>, Watch<RingMemory>), Violation> {
        let mut device = self.lock();
        before();
        let Some(head) = device.take_available()? else { return Ok((None, device.watch())) };
        let blocks = device.chain(head)?.as_request()?;
        Ok((Some(Taken { head, blocks }), device.watch()))
    }

    /// Whether the driver published requests that nobody has taken.
    pub(crate) fn has_waiting(&self) -> bool {
        self.lock().has_available()
    }

    /// Gives a chain back; whether the driver wants an interrupt.
    pub(crate) fn complete(&self, head: u16, written: u32) -> Result<bool, Violation> {
        Ok(self.lock().complete(head, written)?)
    }
}

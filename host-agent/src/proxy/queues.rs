//! The queues, shared by the workers: a lock for each.

use std::sync::{Mutex, MutexGuard, PoisonError};

use virtio_ikc::device::{EVENT_QUEUE, QUEUE_SIZE};
use virtio_ikc::ring::{Device, RequestBlocks, Watch};

use super::turn::Turn;
use crate::memory::{Partition, RingMemory};
use crate::protocol::Queue;
use crate::request::Violation;

/// One queue.
#[derive(Debug)]
pub(crate) struct SharedQueue {
    /// Its index.
    pub(crate) index: u16,
    state: Mutex<State>,
}

/// What the lock of a queue guards.
#[derive(Debug)]
pub(crate) struct State {
    /// The ring.
    pub(crate) device: Device<RingMemory>,
    /// How many requests were taken; as they are numbered one by one, the number of the last of them.
    taken: u64,
    /// Requests that are to be interrupted as soon as they are taken.
    early: Vec<u64>,
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
    /// Names it to the ring.
    pub(crate) head: u16,
    /// The number that it must have.
    pub(crate) sequence: u64,
    /// Where it and its reply lie.
    pub(crate) blocks: RequestBlocks,
    /// Whether it was to be interrupted before it was taken.
    pub(crate) interrupted: bool,
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
            if made.requests.iter().chain(&made.events).any(|other| other.index == queue.index) {
                return Err(queue.index);
            }
            let state = State { device: Device::new(ring, layout), taken: 0, early: Vec::new() };
            let shared = SharedQueue { index: queue.index, state: Mutex::new(state) };
            if queue.index == EVENT_QUEUE {
                made.events = Some(shared);
            } else {
                made.requests.push(shared);
            }
        }
        Ok(made)
    }

    /// The request queue with this index.
    pub(crate) fn request_queue(&self, index: u16) -> Option<&SharedQueue> {
        self.requests.iter().find(|queue| queue.index == index)
    }

    /// Asks for a doorbell at the next request. Whether there is one already.
    pub(crate) fn arm(&self) -> bool {
        self.requests.iter().filter(|queue| queue.lock().device.arm_notifications()).count() > 0
    }

    /// Wants no doorbell any more.
    pub(crate) fn disarm(&self) {
        for queue in &self.requests {
            queue.lock().device.disarm();
        }
    }
}

impl SharedQueue {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a worker needs to look for the next request without the lock.
    pub(crate) fn watch(&self) -> Watch<RingMemory> {
        self.lock().device.watch()
    }

    /// Takes the next request and makes it that of `turn`. Answers what to look for next as well.
    pub(crate) fn take(&self, turn: &Turn) -> Result<(Option<Taken>, Watch<RingMemory>), Violation> {
        let mut state = self.lock();
        let Some(head) = state.device.take_available()? else { return Ok((None, state.device.watch())) };
        state.taken += 1;
        let sequence = state.taken;
        turn.begin(self.index, sequence);
        let interrupted = state.take_early(sequence);
        let blocks = state.device.chain(head)?.as_request()?;
        Ok((Some(Taken { head, sequence, blocks, interrupted }), state.device.watch()))
    }

    /// Interrupts request `sequence`, by `running` if it is being executed, and otherwise as soon as it is taken. A
    /// request that is done or that was never published is not interrupted.
    pub(crate) fn interrupt(&self, sequence: u64, running: impl FnOnce() -> bool) {
        let mut state = self.lock();
        let published = state.device.has_available() && sequence <= state.taken + u64::from(QUEUE_SIZE);
        if running() || sequence <= state.taken || !published || state.early.contains(&sequence) {
            return;
        }
        state.early.push(sequence);
    }

    /// Gives a chain back; whether the driver wants an interrupt.
    pub(crate) fn complete(&self, head: u16, written: u32) -> Result<bool, Violation> {
        Ok(self.lock().device.complete(head, written)?)
    }
}

impl State {
    fn take_early(&mut self, sequence: u64) -> bool {
        if self.early.is_empty() {
            return false;
        }
        let before = self.early.len();
        self.early.retain(|early| *early > sequence);
        self.early.len() < before
    }
}

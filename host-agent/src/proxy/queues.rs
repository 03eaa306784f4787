//! The two queues of a process, each with a lock: several threads take requests, and several post events.

use std::sync::{Mutex, MutexGuard, PoisonError};

use virtio_ikc::device::{EVENT_QUEUE, QUEUE_SIZE, REQUEST_QUEUE};
use virtio_ikc::message::EVENT_BYTES;
use virtio_ikc::ring::{Device, RequestBlocks, Watch};

use super::turn::Turn;
use crate::memory::{Partition, RingMemory};
use crate::protocol::Queue;
use crate::request::Violation;

#[expect(clippy::cast_possible_truncation, reason = "it is 128")]
const EVENT_LENGTH: u32 = EVENT_BYTES as u32;

/// The queues of a process.
#[derive(Debug)]
pub(crate) struct Queues {
    /// The one that brings requests.
    pub(crate) requests: RequestQueue,
    /// The one that takes events.
    pub(crate) events: EventQueue,
}

/// A queue that brings requests.
#[derive(Debug)]
pub(crate) struct RequestQueue {
    state: Mutex<State>,
}

/// What its lock guards.
#[derive(Debug)]
pub(crate) struct State {
    /// The ring.
    device: Device<RingMemory>,
    /// How many requests were taken; as they are numbered one by one, the number of the last of them.
    taken: u64,
    /// Requests that are to be interrupted as soon as they are taken.
    early: Vec<u64>,
}

/// A queue that takes events.
#[derive(Debug)]
pub(crate) struct EventQueue {
    device: Mutex<Device<RingMemory>>,
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
    /// The queues of the first process, of all that the driver made.
    ///
    /// # Errors
    /// The index of the one that is missing, or not wholly in the partition's memory.
    pub(crate) fn of_first(memory: &'static Partition, queues: &[Queue]) -> Result<Self, u16> {
        Ok(Self {
            requests: find(queues, REQUEST_QUEUE)
                .and_then(|queue| RequestQueue::of(memory, queue))
                .ok_or(REQUEST_QUEUE)?,
            events: find(queues, EVENT_QUEUE).and_then(|queue| EventQueue::of(memory, queue)).ok_or(EVENT_QUEUE)?,
        })
    }
}

/// The queue with this index.
pub(crate) fn find(queues: &[Queue], index: u16) -> Option<&Queue> {
    queues.iter().find(|queue| queue.index == index)
}

impl RequestQueue {
    /// A queue that the driver has just made; `None` if it is not wholly in the partition's memory.
    pub(crate) fn of(memory: &'static Partition, queue: &Queue) -> Option<Self> {
        let (ring, layout) = RingMemory::of(memory, queue)?;
        let state = State { device: Device::new(ring, layout), taken: 0, early: Vec::new() };
        Some(Self { state: Mutex::new(state) })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for a doorbell at the next request. Whether there is one already.
    pub(crate) fn arm(&self) -> bool {
        self.lock().device.arm_notifications()
    }

    /// Wants no doorbell any more.
    pub(crate) fn disarm(&self) {
        self.lock().device.disarm();
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
        turn.begin(sequence);
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

impl EventQueue {
    /// A queue that the driver has just made; `None` if it is not wholly in the partition's memory.
    pub(crate) fn of(memory: &'static Partition, queue: &Queue) -> Option<Self> {
        let (ring, layout) = RingMemory::of(memory, queue)?;
        Some(Self { device: Mutex::new(Device::new(ring, layout)) })
    }

    /// Gives the driver an event. `None` if it has no room, else whether it wants an interrupt.
    pub(crate) fn post(&self, memory: &Partition, event: &[u8; EVENT_BYTES]) -> Result<Option<bool>, Violation> {
        let mut device = self.device.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(head) = device.take_available()? else { return Ok(None) };
        let address = device.chain(head)?.as_event()?;
        memory.write(address, event).map_err(|_| Violation::BlockOutside(address.as_u64()))?;
        Ok(Some(device.complete(head, EVENT_LENGTH)?))
    }
}

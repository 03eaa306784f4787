//! A process's request queue: slots for requests, their replies, and who waits for them.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use virtio_ikc::address::{GuestPhysical, PAGE_SIZE};
use virtio_ikc::message::{Operation, Reply, Request};
use virtio_ikc::ring::{Driver, QueueLayout, Slot};

use super::memory::QueuePlace;
use crate::arch::direct_map;
use crate::errno::Errno;
use crate::memory::frames;
use crate::process::thread::Thread;

const LAYOUT: QueueLayout = QueueLayout::STANDARD;
/// Slots whose requests and replies share a page.
const SLOTS_PER_PAGE: u16 = 3;

/// Which slots are in some state, bit by bit.
#[derive(Clone, Copy)]
struct SlotSet([u64; 4]);

impl SlotSet {
    const EMPTY: Self = Self([0; 4]);

    fn contains(&self, slot: u16) -> bool {
        self.0[usize::from(slot / 64)] & 1 << (slot % 64) != 0
    }

    fn insert(&mut self, slot: u16) {
        self.0[usize::from(slot / 64)] |= 1 << (slot % 64);
    }

    fn remove(&mut self, slot: u16) {
        self.0[usize::from(slot / 64)] &= !(1 << (slot % 64));
    }

    /// The first slot that is not in the set.
    fn first_absent(&self) -> Option<u16> {
        let word = self.0.iter().position(|word| *word != u64::MAX)?;
        u16::try_from(word * 64 + self.0[word].trailing_ones() as usize).ok()
    }
}

/// One process's request queue.
pub struct RequestQueue {
    driver: Driver<QueuePlace>,
    place: QueuePlace,
    /// The pages of the slots that have been used.
    pages: Vec<GuestPhysical>,
    busy: SlotSet,
    answered: SlotSet,
    /// Who sleeps until a slot's reply is there.
    waiters: BTreeMap<u16, Arc<Thread>>,
    sequence: u64,
    is_freed: bool,
}

impl RequestQueue {
    /// An empty queue.
    pub fn new() -> Result<Self, Errno> {
        const { assert!(LAYOUT.slots() <= 256) };
        let (place, _) = QueuePlace::allocate(LAYOUT, 0)?;
        let driver = Driver::of_unbound_requests(place, LAYOUT);
        Ok(Self {
            driver,
            place,
            pages: Vec::new(),
            busy: SlotSet::EMPTY,
            answered: SlotSet::EMPTY,
            waiters: BTreeMap::new(),
            sequence: 0,
            is_freed: false,
        })
    }

    /// Where it lies.
    pub fn place(&self) -> QueuePlace {
        self.place
    }

    fn slot_at(&self, number: u16) -> Slot {
        let page = self.pages[usize::from(number / SLOTS_PER_PAGE)];
        let index = u64::from(number % SLOTS_PER_PAGE);
        let requests = u64::from(SLOTS_PER_PAGE) * size_of::<Request>() as u64;
        Slot {
            request: GuestPhysical(page.0 + index * size_of::<Request>() as u64),
            reply: GuestPhysical(page.0 + requests + index * size_of::<Reply>() as u64),
        }
    }

    /// Sees to it that slot `number` has memory.
    fn provide(&mut self, number: u16) -> Option<()> {
        while usize::from(number / SLOTS_PER_PAGE) >= self.pages.len() {
            let first = u16::try_from(self.pages.len()).ok()? * SLOTS_PER_PAGE;
            self.pages.push(frames::allocate_zeroed(0)?);
            for slot in (first..first + SLOTS_PER_PAGE).filter(|slot| *slot < LAYOUT.slots()) {
                let memory = self.slot_at(slot);
                self.driver.bind(slot, memory);
            }
        }
        Some(())
    }

    /// Writes `request` into a free slot and publishes it. Answers the slot, the request's sequence number, and whether
    /// the agent must be woken; `None` if all slots are taken.
    ///
    /// # Panics
    /// When the ring is broken: the agent or the LWK is.
    pub fn publish(&mut self, request: &mut Request) -> Option<(u16, u64, bool)> {
        if self.is_freed {
            return None;
        }
        let limit = LAYOUT.slots() - 4 * u16::from(!is_urgent(request));
        let number = self.busy.first_absent().filter(|number| *number < limit)?;
        self.provide(number)?;
        self.sequence += 1;
        request.header.sequence = self.sequence;
        let bytes = request_bytes(request);
        direct_map::write(self.slot_at(number).request, &direct_map::bytes_of(request)[..bytes]);
        self.busy.insert(number);
        self.answered.remove(number);
        let kick = self.driver.publish(Slot::head(number)).expect("a free slot can be published");
        Some((number, self.sequence, kick))
    }

    /// Takes back what the device has answered; answers whoever slept for it.
    ///
    /// # Panics
    /// When the ring is broken.
    #[must_use = "they are to be woken"]
    pub fn collect(&mut self) -> Vec<Arc<Thread>> {
        let mut woken = Vec::new();
        if self.is_freed {
            return woken;
        }
        loop {
            while self.driver.has_used() {
                let Some(used) = self.driver.take_used().expect("the agent keeps to the ring") else { break };
                let slot = Slot::of(used.head);
                self.answered.insert(slot);
                woken.extend(self.waiters.remove(&slot));
            }
            if self.waiters.is_empty() || !self.driver.wait_armed() {
                return woken;
            }
        }
    }

    /// The reply to the request in `slot`, once it has been collected; the slot is free again then.
    pub fn take_reply(&mut self, slot: u16) -> Option<Reply> {
        if self.is_freed || !self.answered.contains(slot) {
            return None;
        }
        self.busy.remove(slot);
        self.answered.remove(slot);
        self.waiters.remove(&slot);
        if self.waiters.is_empty() {
            self.driver.disarm();
        }
        Some(direct_map::read_plain(self.slot_at(slot).reply))
    }

    /// Whether there is something to collect: one load, for those who spin.
    pub fn has_replies(&self) -> bool {
        !self.is_freed && self.driver.has_used()
    }

    /// Lets `thread` be woken by the reply to `slot`; true if one reply or another is there already.
    pub fn wait_for(&mut self, slot: u16, thread: Arc<Thread>) -> bool {
        if self.is_freed {
            return true;
        }
        self.waiters.insert(slot, thread);
        self.answered.contains(slot) || self.driver.wait_armed()
    }

    /// Who sleeps until some reply is there.
    pub fn waiting(&self) -> Vec<Arc<Thread>> {
        self.waiters.values().cloned().collect()
    }

    /// Gives the queue's memory back. Its proxy is no more. False if that was done before.
    pub fn free(&mut self) -> bool {
        if core::mem::replace(&mut self.is_freed, true) {
            return false;
        }
        self.place.free();
        for page in self.pages.drain(..) {
            frames::free_run(page, 1);
        }
        self.waiters.clear();
        true
    }
}

const _: () = assert!(SLOTS_PER_PAGE as u64 * (size_of::<Request>() + size_of::<Reply>()) as u64 <= PAGE_SIZE);

/// Whether the request must find a slot even if all others wait for something that only it can bring about.
fn is_urgent(request: &Request) -> bool {
    [Operation::INTERRUPT, Operation::EXIT].contains(&Operation(request.header.operation))
}

/// How much of the block is worth writing: the head and what counts behind it.
fn request_bytes(request: &Request) -> usize {
    let fixed = core::mem::offset_of!(Request, segments);
    if request.header.buffer_count == 0 {
        return size_of::<virtio_ikc::message::RequestHeader>();
    }
    if request.header.segment_table != 0 {
        return fixed;
    }
    fixed + request.header.segment_count as usize * size_of::<virtio_ikc::message::Segment>()
}

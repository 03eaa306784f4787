//! A process's request queue: slots for requests, their replies, and who waits for them.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering};

use virtio_ikc::address::{GuestPhysical, PAGE_SIZE};
use virtio_ikc::message::{Reply, Request};
use virtio_ikc::ring::{Driver, QueueLayout, Slot};

use super::memory::QueuePlace;
use super::request::Draft;
use crate::arch::direct_map;
use crate::errno::Errno;
use crate::memory::frames;
use crate::process::thread::Thread;

const LAYOUT: QueueLayout = QueueLayout::STANDARD;
/// Replies that are taken before the ring is looked at for the slots that they free.
const MOST_TAKEN: usize = 8;
/// Slots whose requests and replies share a page.
const SLOTS_PER_PAGE: u16 = 3;

/// How many requests of all processes have not been answered, as far as anybody has looked.
static ASKED: AtomicUsize = AtomicUsize::new(0);

/// Whether Linux may have something to do for somebody.
pub fn is_linux_asked() -> bool {
    ASKED.load(Ordering::Relaxed) != 0
}

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

/// A request that was published.
#[derive(Clone, Copy)]
pub struct Published {
    slot: u16,
    /// Its sequence number.
    pub sequence: u64,
    /// Where its reply will be.
    reply: GuestPhysical,
    /// Whether the agent must be woken.
    pub kick: bool,
}

impl Published {
    /// Whether its reply is there: the device writes the number last (SPEC.md, 2.4 and 7.5). Looks at the line that the reply is in, so that
    /// nothing else has to be fetched from the device's cache for it.
    pub fn is_answered(&self) -> bool {
        direct_map::atomic_u64(self.reply).load(Ordering::Acquire) == self.sequence
    }
}

/// One process's request queue.
pub struct RequestQueue {
    driver: Driver<QueuePlace>,
    place: QueuePlace,
    /// The pages of the slots that have been used.
    pages: Vec<GuestPhysical>,
    busy: SlotSet,
    /// Those that the device has given back and whose reply nobody has taken.
    returned: SlotSet,
    /// Those whose reply has been taken before the device gave them back.
    taken: SlotSet,
    taken_count: usize,
    /// Who sleeps until a slot's reply is there.
    waiters: BTreeMap<u16, Arc<Thread>>,
    sequence: u64,
    /// What nobody waits for on its own; whatever is asked next waits until it is done.
    announced: Vec<Published>,
    /// How many replies nobody has taken yet.
    asked: usize,
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
            returned: SlotSet::EMPTY,
            taken: SlotSet::EMPTY,
            taken_count: 0,
            waiters: BTreeMap::new(),
            sequence: 0,
            announced: Vec::new(),
            asked: 0,
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

    /// Writes `draft` into a free slot and publishes it; `None` if all slots are taken, or if what was announced is not done yet (unless this
    /// is announced, too). Answers also whoever slept for a reply that was found on the way.
    ///
    /// # Panics
    /// When the ring is broken: the agent or the LWK is.
    #[must_use = "they are to be woken"]
    pub fn publish(&mut self, draft: &mut Draft) -> (Option<Published>, Vec<Arc<Thread>>) {
        let woken = if self.taken_count >= MOST_TAKEN { self.collect() } else { Vec::new() };
        let can_begin = !self.is_freed && (self.is_announced_done() || draft.is_announced());
        (can_begin.then(|| self.publish_in_free_slot(draft)).flatten(), woken)
    }

    /// Whether what was announced is done.
    fn is_announced_done(&mut self) -> bool {
        while let Some(done) = self.announced.iter().position(Published::is_answered) {
            let published = self.announced.swap_remove(done);
            self.take_slot(published.slot);
        }
        self.announced.is_empty()
    }

    fn publish_in_free_slot(&mut self, draft: &mut Draft) -> Option<Published> {
        let limit = LAYOUT.slots() - 4 * u16::from(!draft.is_urgent());
        let slot = self.busy.first_absent().filter(|slot| *slot < limit)?;
        self.provide(slot)?;
        self.sequence += 1;
        let memory = self.slot_at(slot);
        draft.write_to(memory.request, self.sequence);
        self.busy.insert(slot);
        if draft.is_waited_for() {
            self.asked += 1;
            ASKED.fetch_add(1, Ordering::Relaxed);
        }
        let kick = self.driver.publish(Slot::head(slot)).expect("a free slot can be published");
        let published = Published { slot, sequence: self.sequence, reply: memory.reply, kick };
        if draft.is_announced() {
            self.announced.push(published);
        }
        Some(published)
    }

    /// Takes back what the device has given back; answers whoever slept for a reply.
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
                woken.extend(self.given_back(Slot::of(used.head)));
            }
            if self.waiters.is_empty() || !self.driver.wait_armed() {
                return woken;
            }
        }
    }

    fn given_back(&mut self, slot: u16) -> Option<Arc<Thread>> {
        if self.taken.contains(slot) {
            self.taken.remove(slot);
            self.taken_count -= 1;
            self.busy.remove(slot);
        } else {
            self.returned.insert(slot);
        }
        self.waiters.remove(&slot)
    }

    /// The reply to a request that [is answered](Published::is_answered). `None` if the queue is no more.
    pub fn take_reply(&mut self, published: &Published) -> Option<Reply> {
        if self.is_freed {
            return None;
        }
        self.asked -= 1;
        ASKED.fetch_sub(1, Ordering::Relaxed);
        self.take_slot(published.slot);
        if self.waiters.remove(&published.slot).is_some() && self.waiters.is_empty() {
            self.driver.disarm();
        }
        Some(direct_map::read_plain(published.reply))
    }

    /// The reply in `slot` is not needed any more.
    fn take_slot(&mut self, slot: u16) {
        if self.returned.contains(slot) {
            self.returned.remove(slot);
            self.busy.remove(slot);
        } else {
            self.taken.insert(slot);
            self.taken_count += 1;
        }
    }

    /// Lets `thread` be woken by the reply to `published`; true if it is there already. Answers also whoever slept for another reply that
    /// was found on the way.
    #[must_use = "they are to be woken"]
    pub fn wait_for(&mut self, published: &Published, thread: Arc<Thread>) -> (bool, Vec<Arc<Thread>>) {
        if self.is_freed {
            return (true, Vec::new());
        }
        self.waiters.insert(published.slot, thread);
        let woken = self.collect();
        (published.is_answered(), woken)
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
        ASKED.fetch_sub(core::mem::take(&mut self.asked), Ordering::Relaxed);
        true
    }
}

const _: () = assert!(SLOTS_PER_PAGE as u64 * (size_of::<Request>() + size_of::<Reply>()) as u64 <= PAGE_SIZE);

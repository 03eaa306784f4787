//! A vCPU's request queue: slots for requests, and their replies.

use virtio_ikc::address::GuestPhysical;
use virtio_ikc::message::{Operation, Reply, Request};
use virtio_ikc::ring::{Driver, QueueLayout, Slot};

use super::memory::QueuePlace;
use crate::arch::direct_map;

/// One vCPU's request queue.
pub struct RequestQueue {
    driver: Driver<QueuePlace>,
    place: QueuePlace,
    slots: GuestPhysical,
    /// Bit by bit the slots that are in use.
    busy: u64,
    /// Bit by bit the slots whose reply has come.
    answered: u64,
    sequence: u64,
    index: u16,
}

const LAYOUT: QueueLayout = QueueLayout::STANDARD;

fn slot_at(slots: GuestPhysical, number: u16) -> Slot {
    let requests = u64::from(LAYOUT.slots()) * size_of::<Request>() as u64;
    Slot {
        request: GuestPhysical(slots.0 + u64::from(number) * size_of::<Request>() as u64),
        reply: GuestPhysical(slots.0 + requests + u64::from(number) * size_of::<Reply>() as u64),
    }
}

impl RequestQueue {
    /// The queue with this index.
    pub fn new(index: u16) -> Self {
        let bytes = usize::from(LAYOUT.slots()) * (size_of::<Request>() + size_of::<Reply>());
        let (place, slots) = QueuePlace::allocate(LAYOUT, bytes);
        let driver = Driver::of_requests(place, LAYOUT, |number| slot_at(slots, number));
        Self { driver, place, slots, busy: 0, answered: 0, sequence: 0, index }
    }

    /// Its index.
    pub fn index(&self) -> u16 {
        self.index
    }

    /// Where its parts lie.
    pub fn parts(&self) -> super::device::Parts {
        self.place.parts()
    }

    /// Writes `request` into a free slot and publishes it. Answers the slot, the request's sequence number, and whether
    /// the agent must be woken; `None` if all slots are taken.
    ///
    /// # Panics
    /// When the ring is broken: the agent or the LWK is.
    pub fn publish(&mut self, request: &mut Request) -> Option<(u16, u64, bool)> {
        let limit = LAYOUT.slots() - u16::from(!is_urgent(request));
        let number = u16::try_from(self.busy.trailing_ones()).ok().filter(|number| *number < limit)?;
        self.sequence += 1;
        request.header.sequence = self.sequence;
        let bytes = request_bytes(request);
        direct_map::write(slot_at(self.slots, number).request, &direct_map::bytes_of(request)[..bytes]);
        self.busy |= 1 << number;
        self.answered &= !(1 << number);
        let kick = self.driver.publish(Slot::head(number)).expect("a free slot can be published");
        Some((number, self.sequence, kick))
    }

    /// The reply to the request in `slot`, once it is there; the slot is free again then.
    ///
    /// # Panics
    /// When the ring is broken.
    pub fn take_reply(&mut self, slot: u16) -> Option<Reply> {
        self.collect();
        if self.answered & (1 << slot) == 0 {
            return None;
        }
        self.busy &= !(1 << slot);
        self.answered &= !(1 << slot);
        Some(direct_map::read_plain(slot_at(self.slots, slot).reply))
    }

    fn collect(&mut self) {
        if !self.driver.has_used() {
            return;
        }
        while let Some(used) = self.driver.take_used().expect("the agent keeps to the ring") {
            self.answered |= 1 << Slot::of(used.head);
        }
    }

    /// Asks for an interrupt with the next reply; true if one is there already.
    pub fn wait_armed(&mut self) -> bool {
        self.driver.wait_armed()
    }

    /// No interrupt is needed any more.
    pub fn disarm(&mut self) {
        self.driver.disarm();
    }
}

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

//! The driver's side, used by the LWK: publishes heads, takes back what the device has used.

use core::sync::atomic::Ordering;

use super::descriptor::{Descriptor, DescriptorFlags};
use super::error::RingError;
use super::event_index;
use super::heads::Heads;
use super::layout::{Part, QueueLayout};
use super::memory::QueueMemory;
use crate::address::GuestPhysical;
use crate::message::{Event, Reply, Request};

/// A head that the device has given back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Used {
    /// First descriptor of the chain; it was outstanding and no longer is.
    pub head: u16,
    /// Bytes that the device says it wrote. A claim: at most the reply's or event's size if it is well-behaved.
    pub length: u32,
}

/// The memory of one slot of a request queue. Both addresses are multiples of 64.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Slot {
    /// Where the [`Request`] lies.
    pub request: GuestPhysical,
    /// Where the [`Reply`] will be written.
    pub reply: GuestPhysical,
}

impl Slot {
    /// The head to publish for slot `slot`; below the queue's size if `slot` is below its number of slots.
    #[must_use]
    pub const fn head(slot: u16) -> u16 {
        slot.wrapping_mul(2)
    }

    /// The slot that `head` belongs to.
    #[must_use]
    pub const fn of(head: u16) -> u16 {
        head / 2
    }
}

/// The driver's side of one queue.
#[derive(Debug)]
pub struct Driver<M> {
    memory: M,
    layout: QueueLayout,
    in_flight: Heads,
    /// The next entry of the available ring to write.
    next_available: u16,
    /// The next entry of the used ring to read.
    next_used: u16,
    /// What `used_event` was last set to.
    used_event: u16,
}

impl<M: QueueMemory> Driver<M> {
    /// A request queue with nothing in flight: empties both rings and writes the descriptors, 2n for the request
    /// of slot n and 2n + 1 for its reply. `slot` gives the memory of each of the [`QueueLayout::slots`].
    ///
    /// The device must not know of the queue yet.
    pub fn of_requests(memory: M, layout: QueueLayout, mut slot: impl FnMut(u16) -> Slot) -> Self {
        let mut driver = Self::of_unbound_requests(memory, layout);
        for number in 0..layout.slots() {
            driver.bind(number, slot(number));
        }
        driver
    }

    /// A request queue with nothing in flight whose slots have no memory yet: empties both rings and writes no
    /// descriptor. A slot must be given memory ([`Driver::bind`]) before its head is published.
    ///
    /// The device must not know of the queue yet.
    pub fn of_unbound_requests(memory: M, layout: QueueLayout) -> Self {
        Self::empty(memory, layout)
    }

    /// Gives slot `number`, which must be below [`QueueLayout::slots`], its memory: writes its two descriptors, 2n
    /// for the request and 2n + 1 for the reply. It may be given other memory later, but not while it is in flight:
    /// the device reads the descriptors whenever it likes until it has given the head back.
    ///
    /// # Panics
    /// In debug builds, if the slot does not exist or is in flight.
    pub fn bind(&mut self, number: u16, slot: Slot) {
        debug_assert!(number < self.layout.slots(), "the queue has no slot {number}");
        let head = Slot::head(number);
        debug_assert!(!self.in_flight.contains(head), "slot {number} is in flight");
        let next = head + 1;
        block::<Request>(slot.request, DescriptorFlags::NEXT, next).store(&self.memory, head);
        block::<Reply>(slot.reply, DescriptorFlags::WRITE, 0).store(&self.memory, next);
    }

    /// An event queue with nothing in flight: empties both rings and writes the descriptors, each the memory of
    /// one [`Event`], whose address (a multiple of 64) `event` gives. None is published yet.
    ///
    /// The device must not know of the queue yet.
    pub fn of_events(memory: M, layout: QueueLayout, mut event: impl FnMut(u16) -> GuestPhysical) -> Self {
        for head in 0..layout.size() {
            block::<Event>(event(head), DescriptorFlags::WRITE, 0).store(&memory, head);
        }
        Self::empty(memory, layout)
    }

    fn empty(memory: M, layout: QueueLayout) -> Self {
        for part in [Part::Available, Part::Used] {
            memory.store_u16(part, 0, 0, Ordering::Relaxed);
            memory.store_u16(part, QueueLayout::INDEX, 0, Ordering::Relaxed);
        }
        let used_event = event_index::never(0);
        memory.store_u16(Part::Available, layout.used_event(), used_event, Ordering::Relaxed);
        memory.store_u16(Part::Used, layout.available_event(), 0, Ordering::Relaxed);
        Self { memory, layout, in_flight: Heads::EMPTY, next_available: 0, next_used: 0, used_event }
    }

    /// Hands the chain at `head` to the device; all that was written to its memory before is visible to whoever
    /// takes it. Returns whether the device wants a doorbell.
    ///
    /// # Errors
    /// [`RingError::HeadOutOfRange`], [`RingError::HeadInFlight`]: the caller's mistakes; nothing was published.
    pub fn publish(&mut self, head: u16) -> Result<bool, RingError> {
        if head >= self.layout.size() {
            return Err(RingError::HeadOutOfRange { head: head.into() });
        }
        if !self.in_flight.insert(head) {
            return Err(RingError::HeadInFlight { head });
        }
        let old = self.next_available;
        let new = old.wrapping_add(1);
        self.memory.store_u16(Part::Available, self.layout.available_entry(old), head, Ordering::Relaxed);
        self.memory.store_u16(Part::Available, QueueLayout::INDEX, new, Ordering::Release);
        self.next_available = new;
        self.memory.fence();
        let event = self.memory.load_u16(Part::Used, self.layout.available_event(), Ordering::Relaxed);
        Ok(event_index::passes(event, new, old))
    }

    /// Whether [`Driver::take_used`] has something to take (or an error to report). One load: made for spinning.
    pub fn has_used(&self) -> bool {
        self.used_index() != self.next_used
    }

    /// Takes the next chain that the device has given back; all that the device wrote to it is visible.
    /// `None` if there is none.
    ///
    /// # Errors
    /// [`RingError::IndexAhead`] if the device claims to have given back more chains than it has,
    /// [`RingError::HeadOutOfRange`] and [`RingError::HeadNotInFlight`] if it gives back one that it has not.
    pub fn take_used(&mut self) -> Result<Option<Used>, RingError> {
        let index = self.used_index();
        let expected = self.next_used;
        if index == expected {
            return Ok(None);
        }
        if u32::from(index.wrapping_sub(expected)) > self.in_flight.count() {
            return Err(RingError::IndexAhead { index, expected });
        }
        let entry = self.layout.used_entry(expected);
        let id = self.memory.load_u32(Part::Used, entry, Ordering::Relaxed);
        let length = self.memory.load_u32(Part::Used, entry + 4, Ordering::Relaxed);
        let head = u16::try_from(id).ok().filter(|head| *head < self.layout.size());
        let head = head.ok_or(RingError::HeadOutOfRange { head: id })?;
        if !self.in_flight.remove(head) {
            return Err(RingError::HeadNotInFlight { head });
        }
        self.next_used = expected.wrapping_add(1);
        Ok(Some(Used { head, length }))
    }

    /// Asks for an interrupt at the next chain given back. Returns true if one is there already: then there may
    /// be no interrupt for it, and the caller must take it instead of going to sleep.
    pub fn wait_armed(&mut self) -> bool {
        self.ask_at(self.next_used);
        self.memory.fence();
        self.has_used()
    }

    /// Takes the wish of [`Driver::wait_armed`] back. Needed only if nothing was given back since; an interrupt
    /// that is already under way still arrives.
    pub fn disarm(&mut self) {
        if self.used_event == self.next_used {
            self.ask_at(event_index::never(self.next_used));
        }
    }

    /// Chains that are with the device.
    pub const fn in_flight(&self) -> u32 {
        self.in_flight.count()
    }

    fn ask_at(&mut self, event: u16) {
        self.used_event = event;
        self.memory.store_u16(Part::Available, self.layout.used_event(), event, Ordering::Relaxed);
    }

    fn used_index(&self) -> u16 {
        self.memory.load_u16(Part::Used, QueueLayout::INDEX, Ordering::Acquire)
    }
}

/// A descriptor of the memory of one `T`.
fn block<T>(address: GuestPhysical, flags: DescriptorFlags, next: u16) -> Descriptor {
    const { assert!(size_of::<T>() <= 4096) };
    #[expect(clippy::cast_possible_truncation, reason = "asserted just above")]
    let length = size_of::<T>() as u32;
    Descriptor { address, length, flags, next }
}

#[cfg(test)]
mod tests {
    use super::super::device::Device;
    use super::super::test_memory::TestMemory;
    use super::*;

    const LAYOUT: QueueLayout = QueueLayout::STANDARD;

    fn slot(number: u16) -> Slot {
        let request = GuestPhysical(0x10_0000 + u64::from(number) * 1024);
        Slot { request, reply: GuestPhysical(0x20_0000 + u64::from(number) * 64) }
    }

    #[test]
    fn every_slot_is_a_request_to_the_device() {
        let memory = TestMemory::new(LAYOUT);
        let mut driver = Driver::of_requests(&memory, LAYOUT, slot);
        let mut device = Device::new(&memory, LAYOUT);
        for number in 0..LAYOUT.slots() {
            driver.publish(Slot::head(number)).unwrap();
            let head = device.take_available().unwrap().unwrap();
            let blocks = device.chain(head).unwrap().as_request().unwrap();
            let Slot { request, reply } = slot(Slot::of(head));
            assert_eq!((Slot::of(head), blocks.request, blocks.reply), (number, request, reply));
        }
    }

    #[test]
    fn slots_get_their_memory_when_they_are_first_used() {
        let memory = TestMemory::new(LAYOUT);
        let mut driver = Driver::of_unbound_requests(&memory, LAYOUT);
        let mut device = Device::new(&memory, LAYOUT);
        for number in [3, LAYOUT.slots() - 1, 3] {
            let Slot { request, reply } = slot(number ^ 1);
            driver.bind(number, slot(number ^ 1));
            driver.publish(Slot::head(number)).unwrap();
            let head = device.take_available().unwrap().unwrap();
            let blocks = device.chain(head).unwrap().as_request().unwrap();
            assert_eq!((blocks.request, blocks.reply), (request, reply));
            device.complete(head, 64).unwrap();
            driver.take_used().unwrap();
        }
        assert!(device.chain(0).is_err(), "a slot without memory is no request");
    }

    #[test]
    fn every_descriptor_of_the_event_queue_is_an_event_to_the_device() {
        let memory = TestMemory::new(LAYOUT);
        let address = |head| GuestPhysical(0x1000 + u64::from(head) * 128);
        let _driver = Driver::of_events(&memory, LAYOUT, address);
        let device = Device::new(&memory, LAYOUT);
        for head in 0..LAYOUT.size() {
            assert_eq!(device.chain(head).unwrap().as_event(), Ok(address(head)));
        }
    }

    #[test]
    fn leftovers_in_memory_do_not_count() {
        let memory = TestMemory::new(LAYOUT);
        memory.fill(Part::Available, &[0xa5; 256]);
        memory.fill(Part::Used, &[0xa5; 1024]);
        let mut driver = Driver::of_requests(&memory, LAYOUT, slot);
        let mut device = Device::new(&memory, LAYOUT);
        assert_eq!(driver.take_used(), Ok(None));
        assert_eq!(device.take_available(), Ok(None));
        assert_eq!(driver.publish(0), Ok(true));
    }

    #[test]
    fn a_head_in_flight_cannot_be_published_again() {
        let memory = TestMemory::new(LAYOUT);
        let mut driver = Driver::of_requests(&memory, LAYOUT, slot);
        driver.publish(6).unwrap();
        assert_eq!(driver.publish(6), Err(RingError::HeadInFlight { head: 6 }));
        assert_eq!(driver.publish(LAYOUT.size()), Err(RingError::HeadOutOfRange { head: LAYOUT.size().into() }));
        assert_eq!(driver.in_flight(), 1);
    }

    #[test]
    fn heads_that_were_not_published_cannot_be_given_back() {
        let memory = TestMemory::new(LAYOUT);
        let mut driver = Driver::of_requests(&memory, LAYOUT, slot);
        let used = |id: u32| {
            memory.store_u16(Part::Used, QueueLayout::INDEX, 1, Ordering::Relaxed);
            memory.store_u32(Part::Used, LAYOUT.used_entry(0), id, Ordering::Relaxed);
        };
        used(0);
        assert_eq!(driver.take_used(), Err(RingError::IndexAhead { index: 1, expected: 0 }));
        driver.publish(2).unwrap();
        used(4);
        assert_eq!(driver.take_used(), Err(RingError::HeadNotInFlight { head: 4 }));
        used(0x1_0002);
        assert_eq!(driver.take_used(), Err(RingError::HeadOutOfRange { head: 0x1_0002 }));
        used(2);
        assert_eq!(driver.take_used(), Ok(Some(Used { head: 2, length: 0 })));
    }

    #[test]
    fn interrupts_come_only_while_armed() {
        let memory = TestMemory::new(LAYOUT);
        let mut driver = Driver::of_requests(&memory, LAYOUT, slot);
        let mut device = Device::new(&memory, LAYOUT);
        let mut round = |driver: &mut Driver<&TestMemory>| {
            driver.publish(0).unwrap();
            let head = device.take_available().unwrap().unwrap();
            let interrupt = device.complete(head, 64).unwrap();
            assert_eq!(driver.take_used(), Ok(Some(Used { head: 0, length: 64 })));
            interrupt
        };
        assert!(!round(&mut driver));
        assert!(!driver.wait_armed());
        assert!(round(&mut driver), "armed");
        assert!(!round(&mut driver), "once only");
        assert!(!driver.wait_armed());
        driver.disarm();
        assert!(!round(&mut driver), "disarmed");
    }
}

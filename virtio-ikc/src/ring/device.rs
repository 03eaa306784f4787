//! The device's side, used by the agent: takes published heads, gives them back.
//!
//! Several threads may work on one queue: `&mut self` stands for the lock that their owner holds. A thread that
//! spins for the next request needs no lock, see [`Watch`]. Requests are given back in any order.

use core::sync::atomic::Ordering;

use super::chain::Chain;
use super::error::RingError;
use super::event_index;
use super::heads::Heads;
use super::layout::{Part, QueueLayout};
use super::memory::QueueMemory;

/// The device's side of one queue.
#[derive(Debug)]
pub struct Device<M> {
    memory: M,
    layout: QueueLayout,
    in_flight: Heads,
    /// The next entry of the available ring to read.
    next_available: u16,
    /// The next entry of the used ring to write.
    next_used: u16,
    /// What `avail_event` was last set to (by the driver, to begin with).
    available_event: u16,
}

impl<M: QueueMemory> Device<M> {
    /// A queue that the driver has just declared ready: nothing in flight, both indices 0.
    pub const fn new(memory: M, layout: QueueLayout) -> Self {
        Self { memory, layout, in_flight: Heads::EMPTY, next_available: 0, next_used: 0, available_event: 0 }
    }

    /// Whether [`Device::take_available`] has something to take (or an error to report).
    pub fn has_available(&self) -> bool {
        self.available_index() != self.next_available
    }

    /// Takes the next head; all that the driver wrote before publishing it is visible. `None` if there is none.
    ///
    /// # Errors
    /// [`RingError::IndexAhead`] if the driver claims to have published more than the queue can hold beside what
    /// is still in flight, [`RingError::HeadOutOfRange`], and [`RingError::HeadInFlight`] for a head that has not
    /// been given back: two threads never work on the same memory.
    pub fn take_available(&mut self) -> Result<Option<u16>, RingError> {
        let index = self.available_index();
        let expected = self.next_available;
        if index == expected {
            return Ok(None);
        }
        if u32::from(index.wrapping_sub(expected)) + self.in_flight.count() > self.layout.size().into() {
            return Err(RingError::IndexAhead { index, expected });
        }
        let entry = self.layout.available_entry(expected);
        let head = self.memory.load_u16(Part::Available, entry, Ordering::Relaxed);
        if head >= self.layout.size() {
            return Err(RingError::HeadOutOfRange { head: head.into() });
        }
        if !self.in_flight.insert(head) {
            return Err(RingError::HeadInFlight { head });
        }
        self.next_available = expected.wrapping_add(1);
        Ok(Some(head))
    }

    /// A checked copy of the chain that begins at `head`.
    ///
    /// # Errors
    /// Any of [`RingError`]'s variants about descriptors, and [`RingError::ChainTooLong`].
    pub fn chain(&self, head: u16) -> Result<Chain, RingError> {
        Chain::read(&self.memory, self.layout, head)
    }

    /// Gives `head` back, `written` bytes of its writable memory having been written; they are visible to
    /// whoever takes it. Returns whether the driver wants an interrupt.
    ///
    /// # Errors
    /// [`RingError::HeadNotInFlight`]: the caller's mistake; nothing was given back.
    pub fn complete(&mut self, head: u16, written: u32) -> Result<bool, RingError> {
        if !self.in_flight.remove(head) {
            return Err(RingError::HeadNotInFlight { head });
        }
        let old = self.next_used;
        let new = old.wrapping_add(1);
        let entry = self.layout.used_entry(old);
        self.memory.store_u32(Part::Used, entry, head.into(), Ordering::Relaxed);
        self.memory.store_u32(Part::Used, entry + 4, written, Ordering::Relaxed);
        self.memory.store_u16(Part::Used, QueueLayout::INDEX, new, Ordering::Release);
        self.next_used = new;
        self.memory.fence();
        let event = self.memory.load_u16(Part::Available, self.layout.used_event(), Ordering::Relaxed);
        Ok(event_index::passes(event, new, old))
    }

    /// Asks for a doorbell at the next head published. Returns true if one is there already: then there may be no
    /// doorbell for it, and the caller must take it instead of going to sleep.
    pub fn arm_notifications(&mut self) -> bool {
        self.ask_at(self.next_available);
        self.memory.fence();
        self.has_available()
    }

    /// Takes the wish of [`Device::arm_notifications`] back. Needed only if nothing was published since; a
    /// doorbell that is already under way still arrives.
    pub fn disarm(&mut self) {
        if self.available_event == self.next_available {
            self.ask_at(event_index::never(self.next_available));
        }
    }

    /// Chains that were taken and not yet given back.
    pub const fn in_flight(&self) -> u32 {
        self.in_flight.count()
    }

    /// What a thread needs to spin for the next head while others use the queue.
    pub fn watch(&self) -> Watch<M>
    where
        M: Clone,
    {
        Watch { memory: self.memory.clone(), next_available: self.next_available }
    }

    fn ask_at(&mut self, event: u16) {
        self.available_event = event;
        self.memory.store_u16(Part::Used, self.layout.available_event(), event, Ordering::Relaxed);
    }

    fn available_index(&self) -> u16 {
        self.memory.load_u16(Part::Available, QueueLayout::INDEX, Ordering::Acquire)
    }
}

/// Waits, without the lock, for the entry behind the last one that was taken when it was made.
#[derive(Clone, Debug)]
pub struct Watch<M> {
    memory: M,
    next_available: u16,
}

impl<M: QueueMemory> Watch<M> {
    /// Whether there was something to take. A hint: take under the lock and be ready to find nothing.
    pub fn is_ready(&self) -> bool {
        self.memory.load_u16(Part::Available, QueueLayout::INDEX, Ordering::Relaxed) != self.next_available
    }
}

#[cfg(test)]
mod tests {
    use super::super::driver::{Driver, Slot, Used};
    use super::super::test_memory::TestMemory;
    use super::*;
    use crate::address::GuestPhysical;

    const LAYOUT: QueueLayout = QueueLayout::STANDARD;

    fn driver(memory: &TestMemory) -> Driver<&TestMemory> {
        let nowhere = Slot { request: GuestPhysical(0), reply: GuestPhysical(0) };
        Driver::of_requests(memory, LAYOUT, |_| nowhere)
    }

    fn set_available(memory: &TestMemory, index: u16, head: u16) {
        let entry = LAYOUT.available_entry(index.wrapping_sub(1));
        memory.store_u16(Part::Available, entry, head, Ordering::Relaxed);
        memory.store_u16(Part::Available, QueueLayout::INDEX, index, Ordering::Relaxed);
    }

    #[test]
    fn an_index_that_runs_ahead_or_back_is_refused() {
        let memory = TestMemory::new(LAYOUT);
        let mut device = Device::new(&memory, LAYOUT);
        for index in [LAYOUT.size() + 1, 0x8000, u16::MAX] {
            set_available(&memory, index, 0);
            assert_eq!(device.take_available(), Err(RingError::IndexAhead { index, expected: 0 }));
        }
    }

    #[test]
    fn heads_in_flight_count_against_the_size() {
        let memory = TestMemory::new(LAYOUT);
        let mut device = Device::new(&memory, LAYOUT);
        set_available(&memory, 1, 0);
        assert_eq!(device.take_available(), Ok(Some(0)));
        let index = LAYOUT.size() + 1;
        set_available(&memory, index, 0);
        assert_eq!(device.take_available(), Err(RingError::IndexAhead { index, expected: 1 }));
    }

    #[test]
    fn a_head_past_the_table_is_refused() {
        let memory = TestMemory::new(LAYOUT);
        let mut device = Device::new(&memory, LAYOUT);
        set_available(&memory, 1, LAYOUT.size());
        assert_eq!(device.take_available(), Err(RingError::HeadOutOfRange { head: LAYOUT.size().into() }));
    }

    #[test]
    fn a_head_is_not_handed_out_twice() {
        let memory = TestMemory::new(LAYOUT);
        let mut device = Device::new(&memory, LAYOUT);
        set_available(&memory, 1, 8);
        assert_eq!(device.take_available(), Ok(Some(8)));
        set_available(&memory, 2, 8);
        assert_eq!(device.take_available(), Err(RingError::HeadInFlight { head: 8 }));
        assert_eq!(device.complete(8, 0), Ok(true));
        assert_eq!(device.complete(8, 0), Err(RingError::HeadNotInFlight { head: 8 }));
        assert_eq!(device.take_available(), Ok(Some(8)));
    }

    #[test]
    fn requests_are_given_back_in_any_order() {
        let memory = TestMemory::new(LAYOUT);
        let mut driver = driver(&memory);
        let mut device = Device::new(&memory, LAYOUT);
        for head in [0, 2, 4] {
            driver.publish(head).unwrap();
            assert_eq!(device.take_available(), Ok(Some(head)));
        }
        for head in [4, 0, 2] {
            device.complete(head, 64).unwrap();
            assert_eq!(driver.take_used(), Ok(Some(Used { head, length: 64 })));
        }
        assert_eq!((driver.in_flight(), device.in_flight()), (0, 0));
    }

    #[test]
    fn doorbells_ring_only_while_armed() {
        let memory = TestMemory::new(LAYOUT);
        let mut driver = driver(&memory);
        let mut device = Device::new(&memory, LAYOUT);
        assert!(!device.arm_notifications());
        assert_eq!(driver.publish(0), Ok(true));
        assert_eq!(driver.publish(2), Ok(false), "once only");
        assert!(device.arm_notifications(), "something is there already");
        while device.take_available().unwrap().is_some() {}
        assert!(!device.arm_notifications());
        device.disarm();
        assert_eq!(driver.publish(4), Ok(false), "disarmed");
    }

    #[test]
    fn a_watch_sees_the_next_head_without_the_lock() {
        let memory = TestMemory::new(LAYOUT);
        let mut driver = driver(&memory);
        let device = Device::new(&memory, LAYOUT);
        let watch = device.watch();
        assert!(!watch.is_ready());
        driver.publish(0).unwrap();
        assert!(watch.is_ready());
    }
}

//! Properties of the ring: of two sides that behave, over more entries than an index can count, and of one side
//! whose other side writes whatever it likes.

extern crate std;

use core::sync::atomic::Ordering;
use std::collections::VecDeque;
use std::vec::Vec;

use proptest::collection::vec;
use proptest::prelude::*;

use super::test_memory::TestMemory;
use super::{Device, Driver, Part, QueueLayout, QueueMemory, Slot};
use crate::address::GuestPhysical;
use crate::device::QUEUE_SIZE;

const NOWHERE: Slot = Slot { request: GuestPhysical(0), reply: GuestPhysical(0) };

fn layouts() -> impl Strategy<Value = QueueLayout> {
    (1..=QUEUE_SIZE.ilog2()).prop_map(|log| QueueLayout::new(1 << log).unwrap())
}

/// One step of a pair that behaves; a number chooses among what is possible.
#[derive(Clone, Copy, Debug)]
enum Step {
    Publish(u16),
    Take,
    Complete(usize),
    Collect,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        any::<u16>().prop_map(Step::Publish),
        Just(Step::Take),
        any::<usize>().prop_map(Step::Complete),
        Just(Step::Collect),
    ];
    vec(step, 0..400)
}

/// A pair of sides beside the queues that they are to behave like.
struct Pair<'a> {
    layout: QueueLayout,
    driver: Driver<&'a TestMemory>,
    device: Device<&'a TestMemory>,
    published: VecDeque<u16>,
    taken: Vec<u16>,
    completed: VecDeque<u16>,
}

impl<'a> Pair<'a> {
    fn new(memory: &'a TestMemory, layout: QueueLayout) -> Self {
        Self {
            layout,
            driver: Driver::of_requests(memory, layout, |_| NOWHERE),
            device: Device::new(memory, layout),
            published: VecDeque::new(),
            taken: Vec::new(),
            completed: VecDeque::new(),
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Publish(number) => self.publish(Slot::head(number % self.layout.slots())),
            Step::Take => {
                let head = self.published.pop_front();
                assert_eq!(self.device.take_available(), Ok(head));
                self.taken.extend(head);
            }
            Step::Complete(number) if !self.taken.is_empty() => {
                let head = self.taken.swap_remove(number % self.taken.len());
                assert!(self.device.complete(head, head.into()).is_ok());
                self.completed.push_back(head);
            }
            Step::Complete(_) => {}
            Step::Collect => {
                let used = self.driver.take_used().unwrap();
                assert_eq!(used.map(|used| used.head), self.completed.pop_front());
                assert!(used.is_none_or(|used| used.length == used.head.into()));
            }
        }
        let with_the_device = self.published.len() + self.taken.len() + self.completed.len();
        assert_eq!(self.driver.in_flight() as usize, with_the_device);
        assert_eq!(self.device.in_flight() as usize, self.taken.len());
    }

    fn publish(&mut self, head: u16) {
        let busy = self.published.contains(&head) || self.taken.contains(&head) || self.completed.contains(&head);
        assert_eq!(self.driver.publish(head).is_ok(), !busy);
        if !busy {
            self.published.push_back(head);
        }
    }
}

/// Memory whose every load answers something else: the other side writes all the time.
#[derive(Debug)]
struct Noise {
    layout: QueueLayout,
    state: core::cell::Cell<u64>,
    /// Numbers are reduced to this, so that some of them are plausible.
    modulus: u64,
}

impl Noise {
    fn next(&self, part: Part, end: usize) -> u64 {
        assert!(end <= self.layout.bytes(part));
        // Knuth's MMIX generator; the upper bits are the good ones.
        let state = self.state.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.state.set(state);
        (state >> 20) % self.modulus
    }
}

#[expect(clippy::cast_possible_truncation, reason = "noise may lose bits")]
impl QueueMemory for Noise {
    fn load_u16(&self, part: Part, offset: usize, _: Ordering) -> u16 {
        self.next(part, offset + 2) as u16
    }

    fn load_u32(&self, part: Part, offset: usize, _: Ordering) -> u32 {
        self.next(part, offset + 4) as u32
    }

    fn load_u64(&self, part: Part, offset: usize, _: Ordering) -> u64 {
        self.next(part, offset + 8)
    }

    fn store_u16(&self, _: Part, _: usize, _: u16, _: Ordering) {}

    fn store_u32(&self, _: Part, _: usize, _: u32, _: Ordering) {}

    fn store_u64(&self, _: Part, _: usize, _: u64, _: Ordering) {}

    fn fence(&self) {}
}

/// Takes what a device can from hostile memory. Whatever it is given must be usable.
fn take_as_device(device: &mut Device<impl QueueMemory>, layout: QueueLayout, keep: bool) {
    let before = device.in_flight();
    let Ok(Some(head)) = device.take_available() else {
        assert_eq!(device.in_flight(), before, "a failure changes nothing");
        return;
    };
    assert!(head < layout.size());
    assert_eq!(device.in_flight(), before + 1, "a head is never handed out twice");
    if let Ok(chain) = device.chain(head) {
        for block in chain.readable().iter().chain(chain.writable()) {
            assert!(block.length > 0 && block.address.span(block.length.into()).is_some());
        }
    }
    if !keep {
        device.complete(head, 0).unwrap();
    }
}

/// Takes what a driver can from hostile memory after publishing some heads.
fn take_as_driver(driver: &mut Driver<impl QueueMemory>, layout: QueueLayout, head: u16) {
    let _busy = driver.publish(Slot::head(head % layout.slots()));
    let before = driver.in_flight();
    match driver.take_used() {
        Ok(Some(used)) => {
            assert!(used.head < layout.size() && used.head.is_multiple_of(2), "only what was published comes back");
            assert_eq!(driver.in_flight(), before - 1);
        }
        Ok(None) | Err(_) => assert_eq!(driver.in_flight(), before, "a failure changes nothing"),
    }
    driver.wait_armed();
    driver.disarm();
}

proptest! {
    #[test]
    fn both_sides_behave_like_plain_queues(layout in layouts(), steps in steps()) {
        let memory = TestMemory::new(layout);
        let mut pair = Pair::new(&memory, layout);
        for step in steps {
            pair.step(step);
        }
    }

    #[test]
    fn a_device_survives_any_bytes(
        layout in layouts(),
        table in vec(any::<u8>(), QueueLayout::STANDARD.bytes(Part::Descriptors)),
        rings in vec((vec(any::<u8>(), QueueLayout::STANDARD.bytes(Part::Available)), any::<u8>(), any::<bool>()), 1..40),
    ) {
        let memory = TestMemory::new(layout);
        memory.fill(Part::Descriptors, &table);
        let mut device = Device::new(&memory, layout);
        for (mut ring, index, keep) in rings {
            // Half of the indices are small, so that entries are taken at all.
            ring[3] = if index % 2 == 0 { 0 } else { ring[3] };
            ring[2] = index;
            memory.fill(Part::Available, &ring);
            take_as_device(&mut device, layout, keep);
            device.arm_notifications();
            device.disarm();
        }
    }

    #[test]
    fn a_driver_survives_any_bytes(
        layout in layouts(),
        rings in vec((vec(any::<u8>(), QueueLayout::STANDARD.bytes(Part::Used)), any::<u8>(), any::<u16>()), 1..40),
    ) {
        let memory = TestMemory::new(layout);
        let mut driver = Driver::of_requests(&memory, layout, |_| NOWHERE);
        for (mut ring, index, head) in rings {
            ring[2..4].copy_from_slice(&[index % 8, 0]);
            for id in ring[4..].chunks_mut(8) {
                id.iter_mut().take(4).skip(1).for_each(|byte| *byte = 0);
            }
            memory.fill(Part::Used, &ring);
            take_as_driver(&mut driver, layout, head);
        }
    }

    #[test]
    fn both_sides_survive_memory_that_never_reads_the_same(
        layout in layouts(),
        seed in any::<u64>(),
        modulus in prop_oneof![1_u64..128, Just(1 << 16), Just(1 << 44)],
        keep in vec(any::<bool>(), 100),
    ) {
        let noise = Noise { layout, state: core::cell::Cell::new(seed), modulus };
        let mut device = Device::new(&noise, layout);
        let mut driver = Driver::of_requests(&noise, layout, |_| NOWHERE);
        for (head, keep) in (0..).zip(keep) {
            take_as_device(&mut device, layout, keep);
            device.arm_notifications();
            take_as_driver(&mut driver, layout, head);
        }
    }
}

#[test]
fn indices_wrap_around_unnoticed() {
    let layout = QueueLayout::new(8).unwrap();
    let memory = TestMemory::new(layout);
    let mut pair = Pair::new(&memory, layout);
    for number in 0..70_000_usize {
        let slot = u16::try_from(number % 4).unwrap();
        for step in [Step::Publish(slot), Step::Take, Step::Complete(number), Step::Collect] {
            pair.step(step);
        }
    }
    assert_eq!(pair.driver.in_flight(), 0);
}

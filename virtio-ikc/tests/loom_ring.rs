//! The ring under a model checker: each model runs once for every order of accesses, and every value a load may
//! see, that the memory model allows.
//!
//! What is to be shown is that nobody sleeps through work. A sleeper that is never woken is a deadlock to the
//! checker, so the models only have to come to an end. The last models take the fence or the ordering away and must
//! fail: they show that the checker would notice.

use loom::sync::Notify;
use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
use loom::thread;
use std::sync::Arc;
use virtio_ikc::address::GuestPhysical;
use virtio_ikc::ring::{Device, Driver, Part, QueueLayout, QueueMemory, Slot};

/// The smallest queue with two slots.
const LAYOUT: QueueLayout = QueueLayout::new(4).expect("4 is a valid size");

/// What is taken away from the memory under the ring.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Weakness {
    None,
    /// Fences do nothing.
    Unfenced,
    /// All orderings are `Relaxed`.
    Unordered,
}

/// A queue in which each 16 bits of an offset have a cell of their own; every field is accessed by one width.
struct Cells {
    descriptors: Vec<AtomicU64>,
    available: Vec<AtomicU64>,
    used: Vec<AtomicU64>,
    weakness: Weakness,
}

impl Cells {
    fn new(weakness: Weakness) -> Self {
        let cells = |part| (0..LAYOUT.bytes(part) / 2).map(|_| AtomicU64::new(0)).collect();
        Self {
            descriptors: cells(Part::Descriptors),
            available: cells(Part::Available),
            used: cells(Part::Used),
            weakness,
        }
    }

    fn cell(&self, part: Part, offset: usize) -> &AtomicU64 {
        let cells = match part {
            Part::Descriptors => &self.descriptors,
            Part::Available => &self.available,
            Part::Used => &self.used,
        };
        &cells[offset / 2]
    }

    fn ordering(&self, wanted: Ordering) -> Ordering {
        if self.weakness == Weakness::Unordered { Ordering::Relaxed } else { wanted }
    }
}

/// What both sides share: the queue, the payload of each slot, and the two ways to wake the other side.
#[derive(Clone)]
struct Shared(Arc<World>);

struct World {
    cells: Cells,
    requests: [AtomicU32; 2],
    replies: [AtomicU32; 2],
    doorbell: Notify,
    interrupt: Notify,
}

impl Shared {
    fn new(weakness: Weakness) -> Self {
        let payload = || [AtomicU32::new(0), AtomicU32::new(0)];
        Self(Arc::new(World {
            cells: Cells::new(weakness),
            requests: payload(),
            replies: payload(),
            doorbell: Notify::new(),
            interrupt: Notify::new(),
        }))
    }

    fn driver(&self) -> Driver<Self> {
        let nowhere = Slot { request: GuestPhysical(0), reply: GuestPhysical(0) };
        Driver::of_requests(self.clone(), LAYOUT, |_| nowhere)
    }

    fn device(&self) -> Device<Self> {
        Device::new(self.clone(), LAYOUT)
    }

    /// Publishes slot `slot` with a request that the device can recognise.
    fn send(&self, driver: &mut Driver<Self>, slot: u16) {
        self.0.requests[usize::from(slot)].store(100 + u32::from(slot), Ordering::Relaxed);
        if driver.publish(Slot::head(slot)).expect("the slot is free") {
            self.0.doorbell.notify();
        }
    }

    /// Takes the next request as an agent does, sleeping if there is none, and checks it.
    fn receive(&self, device: &mut Device<Self>) -> u16 {
        loop {
            if let Some(head) = device.take_available().expect("the driver is well-behaved") {
                let request = self.0.requests[usize::from(Slot::of(head))].load(Ordering::Relaxed);
                assert_eq!(request, 100 + u32::from(Slot::of(head)), "published before its payload");
                return head;
            }
            if !device.arm_notifications() {
                self.0.doorbell.wait();
            }
        }
    }

    fn reply(&self, device: &mut Device<Self>, head: u16) {
        let slot = Slot::of(head);
        self.0.replies[usize::from(slot)].store(200 + u32::from(slot), Ordering::Relaxed);
        if device.complete(head, 64).expect("the head was taken") {
            self.0.interrupt.notify();
        }
    }

    /// Takes the next reply as an LWK does, sleeping if there is none, and checks it.
    fn collect(&self, driver: &mut Driver<Self>) -> u16 {
        loop {
            if let Some(used) = driver.take_used().expect("the device is well-behaved") {
                let slot = Slot::of(used.head);
                let reply = self.0.replies[usize::from(slot)].load(Ordering::Relaxed);
                assert_eq!(reply, 200 + u32::from(slot), "given back before its payload");
                return slot;
            }
            if !driver.wait_armed() {
                self.0.interrupt.wait();
            }
        }
    }
}

impl QueueMemory for Shared {
    fn load_u16(&self, part: Part, offset: usize, ordering: Ordering) -> u16 {
        u16::try_from(self.load_u64(part, offset, ordering)).expect("stored as 16 bits")
    }

    fn load_u32(&self, part: Part, offset: usize, ordering: Ordering) -> u32 {
        u32::try_from(self.load_u64(part, offset, ordering)).expect("stored as 32 bits")
    }

    fn load_u64(&self, part: Part, offset: usize, ordering: Ordering) -> u64 {
        let cells = &self.0.cells;
        cells.cell(part, offset).load(cells.ordering(ordering))
    }

    fn store_u16(&self, part: Part, offset: usize, value: u16, ordering: Ordering) {
        self.store_u64(part, offset, value.into(), ordering);
    }

    fn store_u32(&self, part: Part, offset: usize, value: u32, ordering: Ordering) {
        self.store_u64(part, offset, value.into(), ordering);
    }

    fn store_u64(&self, part: Part, offset: usize, value: u64, ordering: Ordering) {
        let cells = &self.0.cells;
        cells.cell(part, offset).store(value, cells.ordering(ordering));
    }

    fn fence(&self) {
        if self.0.cells.weakness != Weakness::Unfenced {
            fence(Ordering::SeqCst);
        }
    }
}

/// One thread publishes `count` requests, another sleeps for each.
fn doorbells(count: u16, weakness: Weakness) {
    let shared = Shared::new(weakness);
    let mut driver = shared.driver();
    let agent = thread::spawn({
        let shared = shared.clone();
        move || {
            let mut device = shared.device();
            for slot in 0..count {
                assert_eq!(shared.receive(&mut device), Slot::head(slot));
            }
        }
    });
    for slot in 0..count {
        shared.send(&mut driver, slot);
    }
    agent.join().expect("the agent ends");
}

/// One thread gives `count` requests back, another sleeps for each.
fn interrupts(count: u16, weakness: Weakness) {
    let shared = Shared::new(weakness);
    let mut driver = shared.driver();
    let mut device = shared.device();
    for slot in 0..count {
        shared.send(&mut driver, slot);
        shared.receive(&mut device);
    }
    let agent = thread::spawn({
        let shared = shared.clone();
        move || {
            for slot in (0..count).rev() {
                shared.reply(&mut device, Slot::head(slot));
            }
        }
    });
    for slot in (0..count).rev() {
        assert_eq!(shared.collect(&mut driver), slot);
    }
    agent.join().expect("the agent ends");
}

/// One thread publishes the requests of `slots` and collects their replies, another answers them.
fn round_trips(slots: &'static [u16]) {
    let shared = Shared::new(Weakness::None);
    let mut driver = shared.driver();
    let agent = thread::spawn({
        let shared = shared.clone();
        move || {
            let mut device = shared.device();
            for _ in slots {
                let head = shared.receive(&mut device);
                shared.reply(&mut device, head);
            }
        }
    });
    for slot in slots {
        shared.send(&mut driver, *slot);
    }
    for slot in slots {
        assert_eq!(shared.collect(&mut driver), *slot);
    }
    agent.join().expect("the agent ends");
}

#[test]
fn no_doorbell_is_lost() {
    check(|| doorbells(2, Weakness::None));
}

#[test]
fn no_interrupt_is_lost() {
    check(|| interrupts(1, Weakness::None));
}

#[test]
fn no_interrupt_is_lost_between_two_replies_out_of_order() {
    check(|| interrupts(2, Weakness::None));
}

#[test]
fn a_request_makes_the_round_trip_while_both_sides_sleep() {
    check(|| round_trips(&[1]));
}

#[test]
fn two_requests_make_the_round_trip_while_both_sides_sleep() {
    check_preempting(Some(3), || round_trips(&[1, 0]));
}

// The first doorbell always rings (both indices begin at 0), so it takes two requests to lose one.
#[test]
#[should_panic(expected = "deadlock")]
fn without_the_fence_a_doorbell_is_lost() {
    check(|| doorbells(2, Weakness::Unfenced));
}

#[test]
#[should_panic(expected = "deadlock")]
fn without_the_fence_an_interrupt_is_lost() {
    check(|| interrupts(1, Weakness::Unfenced));
}

#[test]
#[should_panic(expected = "published before its payload")]
fn without_ordering_a_request_is_seen_before_its_payload() {
    check(|| doorbells(1, Weakness::Unordered));
}

#[test]
#[should_panic(expected = "given back before its payload")]
fn without_ordering_a_reply_is_seen_before_its_payload() {
    check(|| interrupts(1, Weakness::Unordered));
}

/// Checks every order of accesses; without optimisation only those with at most three preemptions, which takes
/// seconds instead of minutes.
fn check(model: impl Fn() + Send + Sync + 'static) {
    check_preempting(cfg!(debug_assertions).then_some(3), model);
}

/// Checks every order of accesses in which a thread is preempted at most `bound` times.
fn check_preempting(bound: Option<usize>, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = bound;
    builder.check(model);
}

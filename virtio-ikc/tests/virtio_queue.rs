//! Our driver against an independent device: rust-vmm's `virtio-queue`, on the same memory, with
//! `VIRTIO_F_EVENT_IDX`, each side in a thread that sleeps when it has nothing to do. Our own device goes through
//! the same test. What the loom models show of small cases is shown here of many requests on real processors.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use virtio_ikc::address::GuestPhysical;
use virtio_ikc::ring::{Device, Driver, Part, QueueLayout, QueueMemory, Slot};
use virtio_queue::{Queue, QueueT};
use vm_memory::{Bytes, GuestAddress, GuestMemoryMmap};

const LAYOUT: QueueLayout = QueueLayout::STANDARD;
const QUEUE: u64 = 0x1000;
const REQUESTS: u64 = 0x1_0000;
const REPLIES: u64 = 0x10_0000;
const MEMORY_BYTES: usize = 0x20_0000;

/// How long a side may sleep before the test calls its wake-up lost.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone)]
struct GuestQueue(Arc<GuestMemoryMmap>);

impl GuestQueue {
    fn new() -> Self {
        let ranges = [(GuestAddress(0), MEMORY_BYTES)];
        Self(Arc::new(GuestMemoryMmap::from_ranges(&ranges).expect("memory for the test")))
    }

    fn address(part: Part, offset: usize) -> GuestAddress {
        GuestAddress(QUEUE + (LAYOUT.offset(part) + offset) as u64)
    }

    fn read(&self, address: GuestPhysical) -> u64 {
        self.0.load(GuestAddress(address.as_u64()), Ordering::Relaxed).expect("inside the memory")
    }

    fn write(&self, address: GuestPhysical, value: u64) {
        self.0.store(value, GuestAddress(address.as_u64()), Ordering::Relaxed).expect("inside the memory");
    }
}

macro_rules! accesses {
    ($($width:ty: $load:ident $store:ident),*) => {$(
        fn $load(&self, part: Part, offset: usize, ordering: Ordering) -> $width {
            self.0.load(Self::address(part, offset), ordering).expect("inside the memory")
        }

        fn $store(&self, part: Part, offset: usize, value: $width, ordering: Ordering) {
            self.0.store(value, Self::address(part, offset), ordering).expect("inside the memory");
        }
    )*};
}

impl QueueMemory for GuestQueue {
    accesses!(u16: load_u16 store_u16, u32: load_u32 store_u32, u64: load_u64 store_u64);

    fn fence(&self) {
        fence(Ordering::SeqCst);
    }
}

fn slot(number: u16) -> Slot {
    let request = GuestPhysical(REQUESTS + u64::from(number) * 1024);
    Slot { request, reply: GuestPhysical(REPLIES + u64::from(number) * 64) }
}

/// What the test needs of a device's side.
trait DeviceSide: Send + 'static {
    /// Takes a request: its head, and where it and its reply lie.
    fn take(&mut self) -> Option<(u16, Slot)>;
    /// Gives it back; whether the driver is to be interrupted.
    fn complete(&mut self, head: u16) -> bool;
    /// Asks for a doorbell; whether there is something to take already.
    fn arm(&mut self) -> bool;
}

impl DeviceSide for Device<GuestQueue> {
    fn take(&mut self) -> Option<(u16, Slot)> {
        let head = self.take_available().expect("the driver is well-behaved")?;
        let blocks = self.chain(head).expect("a sound chain").as_request().expect("a request");
        Some((head, Slot { request: blocks.request, reply: blocks.reply }))
    }

    fn complete(&mut self, head: u16) -> bool {
        Device::complete(self, head, 64).expect("the head was taken")
    }

    fn arm(&mut self) -> bool {
        self.arm_notifications()
    }
}

/// The device's side as `virtio-queue` has it.
struct Theirs {
    queue: Queue,
    memory: GuestQueue,
}

impl Theirs {
    fn new(memory: GuestQueue) -> Self {
        let low = |part| u32::try_from(GuestQueue::address(part, 0).0).ok();
        let mut queue = Queue::new(LAYOUT.size()).expect("a valid size");
        queue.set_desc_table_address(low(Part::Descriptors), Some(0));
        queue.set_avail_ring_address(low(Part::Available), Some(0));
        queue.set_used_ring_address(low(Part::Used), Some(0));
        queue.set_event_idx(true);
        queue.set_ready(true);
        assert!(queue.is_valid(&*memory.0), "the layout suits them");
        Self { queue, memory }
    }
}

impl DeviceSide for Theirs {
    fn take(&mut self) -> Option<(u16, Slot)> {
        let chain = self.queue.pop_descriptor_chain(&*self.memory.0)?;
        let head = chain.head_index();
        let blocks: Vec<_> = chain.map(|block| (block.addr().0, block.len(), block.is_write_only())).collect();
        let [(request, 1024, false), (reply, 64, true)] = blocks[..] else { panic!("no request: {blocks:x?}") };
        Some((head, Slot { request: GuestPhysical(request), reply: GuestPhysical(reply) }))
    }

    fn complete(&mut self, head: u16) -> bool {
        self.queue.add_used(&*self.memory.0, head, 64).expect("room in the used ring");
        self.queue.needs_notification(&*self.memory.0).expect("inside the memory")
    }

    fn arm(&mut self) -> bool {
        self.queue.enable_notification(&*self.memory.0).expect("inside the memory")
    }
}

fn sleep() {
    let began = Instant::now();
    thread::park_timeout(PATIENCE);
    assert!(began.elapsed() < PATIENCE, "a wake-up was lost");
}

/// Answers every request with its complement until `stop`, the later of two first.
fn serve(mut device: impl DeviceSide, memory: &GuestQueue, driver: &Thread, stop: &AtomicBool) {
    while !stop.load(Ordering::Acquire) {
        let taken = [device.take(), device.take()];
        for (head, slot) in taken.into_iter().flatten().rev() {
            memory.write(slot.reply, !memory.read(slot.request));
            if device.complete(head) {
                driver.unpark();
            }
        }
        if taken == [None, None] && !device.arm() {
            sleep();
        }
    }
}

/// Sends `count` requests, at most `window` at a time, and checks every reply.
fn drive(driver: &mut Driver<GuestQueue>, memory: &GuestQueue, device: &Thread, window: u16, count: u64) {
    let mut free: Vec<u16> = (0..window).collect();
    let mut expected = vec![0; usize::from(window)];
    let (mut sent, mut answered) = (0, 0);
    while answered < count {
        while sent < count
            && let Some(number) = free.pop()
        {
            memory.write(slot(number).request, sent);
            expected[usize::from(number)] = !sent;
            sent += 1;
            if driver.publish(Slot::head(number)).expect("the slot is free") {
                device.unpark();
            }
        }
        if let Some(used) = driver.take_used().expect("the device is well-behaved") {
            let number = Slot::of(used.head);
            assert_eq!(memory.read(slot(number).reply), expected[usize::from(number)]);
            assert_eq!(used.length, 64);
            answered += 1;
            free.push(number);
        } else if !driver.wait_armed() {
            sleep();
        }
    }
}

fn run<D: DeviceSide>(make: impl FnOnce(GuestQueue) -> D, window: u16, count: u64) {
    let memory = GuestQueue::new();
    let mut driver = Driver::of_requests(memory.clone(), LAYOUT, slot);
    let device = make(memory.clone());
    let stop = Arc::new(AtomicBool::new(false));
    let agent = thread::spawn({
        let (memory, stop, this) = (memory.clone(), Arc::clone(&stop), thread::current());
        move || serve(device, &memory, &this, &stop)
    });
    drive(&mut driver, &memory, agent.thread(), window, count);
    stop.store(true, Ordering::Release);
    agent.thread().unpark();
    agent.join().expect("the agent ends");
    assert_eq!(driver.in_flight(), 0);
}

#[test]
fn one_request_at_a_time_with_their_device() {
    run(Theirs::new, 1, 20_000);
}

#[test]
fn a_full_queue_with_their_device() {
    run(Theirs::new, LAYOUT.slots(), 200_000);
}

#[test]
fn one_request_at_a_time_with_our_device() {
    run(|memory| Device::new(memory, LAYOUT), 1, 20_000);
}

#[test]
fn a_full_queue_with_our_device() {
    run(|memory| Device::new(memory, LAYOUT), LAYOUT.slots(), 200_000);
}

#[test]
fn both_devices_ask_for_the_same_doorbells_and_interrupts() {
    let (ours, theirs) = (GuestQueue::new(), GuestQueue::new());
    let mut driver_of_ours = Driver::of_requests(ours.clone(), LAYOUT, slot);
    let mut driver_of_theirs = Driver::of_requests(theirs.clone(), LAYOUT, slot);
    let mut our_device = Device::new(ours, LAYOUT);
    let mut their_device = Theirs::new(theirs);
    for round in 0..300_u16 {
        if round % 3 == 0 {
            assert_eq!(driver_of_ours.wait_armed(), driver_of_theirs.wait_armed());
        }
        if round % 2 == 0 {
            assert_eq!(our_device.arm(), their_device.arm());
        }
        for number in 0..=round % LAYOUT.slots() {
            let head = Slot::head(number);
            assert_eq!(driver_of_ours.publish(head), driver_of_theirs.publish(head), "doorbell in round {round}");
        }
        while let Some((head, blocks)) = our_device.take() {
            assert_eq!(their_device.take(), Some((head, blocks)));
            let interrupt = DeviceSide::complete(&mut our_device, head);
            assert_eq!(interrupt, their_device.complete(head), "interrupt in round {round}");
        }
        while let Some(used) = driver_of_ours.take_used().expect("a sound queue") {
            assert_eq!(driver_of_theirs.take_used(), Ok(Some(used)));
        }
    }
}

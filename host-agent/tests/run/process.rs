//! One process of the LWK, played by a test: its queues and what goes over them.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use virtio_ikc::address::GuestPhysical;
use virtio_ikc::layout::NOTICE_BOARD;
use virtio_ikc::message::{
    BufferDescriptor, Direction, EVENT_BYTES, EventKind, Operation, PROCESS_EVENTS, PROCESS_QUEUE_SIZE, REQUEST_BYTES,
    RequestHeader, Role,
};
use virtio_ikc::notice::{TO_AGENT, bit_of};
use virtio_ikc::ring::{Driver, Slot};

use crate::queue::QueueFile;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where the queues of the process at `place` lie.
fn base(place: usize) -> u64 {
    0x20_0000 + 0x2_0000 * place as u64
}

/// Where its request queue lies.
pub(crate) fn requests_of(place: usize) -> u64 {
    base(place)
}

/// Where its event queue lies.
pub(crate) fn events_of(place: usize) -> u64 {
    base(place) + 0x8000
}

/// One buffer of a request.
pub(crate) struct Buffer {
    pub(crate) argument: u8,
    pub(crate) role: Role,
    pub(crate) direction: Direction,
    pub(crate) segment: (u64, u64),
}

/// An event queue.
pub(crate) struct Events {
    memory: File,
    start: u64,
    driver: Driver<QueueFile>,
}

/// A process.
#[expect(clippy::struct_field_names, reason = "a process is what its pid is called in requests")]
pub(crate) struct Process {
    pub(crate) process: i32,
    /// The thread that asks, and the vCPU that it runs on.
    pub(crate) thread: u32,
    pub(crate) vcpu: u32,
    place: usize,
    memory: File,
    doorbell: OwnedFd,
    requests: Driver<QueueFile>,
    events: Events,
    sequence: u64,
}

/// The little-endian number at `at`.
pub(crate) fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..][..4].try_into().unwrap())
}

impl Events {
    pub(crate) fn new(memory: &File, start: u64) -> Self {
        let (queue, layout) = QueueFile::new(memory, start, PROCESS_EVENTS);
        let mut driver = Driver::of_events(queue, layout, |head| Self::place(start, head));
        // Few, so that events have to wait for room.
        driver.publish(0).unwrap();
        driver.publish(1).unwrap();
        driver.wait_armed();
        Self { memory: memory.try_clone().unwrap(), start, driver }
    }

    /// The next event's bytes.
    pub(crate) fn next(&mut self) -> Vec<u8> {
        self.next_within(PATIENCE).expect("an event")
    }

    /// The next event's bytes if there is one soon enough.
    pub(crate) fn next_within(&mut self, patience: Duration) -> Option<Vec<u8>> {
        let end = Instant::now() + patience;
        let used = loop {
            if let Some(used) = self.driver.take_used().unwrap() {
                break used;
            }
            if Instant::now() >= end {
                return None;
            }
            std::thread::sleep(Duration::from_micros(50));
        };
        let mut bytes = vec![0; EVENT_BYTES];
        self.memory.read_exact_at(&mut bytes, Self::place(self.start, used.head).as_u64()).unwrap();
        self.driver.publish(used.head).unwrap();
        Some(bytes)
    }

    fn place(start: u64, head: u16) -> GuestPhysical {
        GuestPhysical(start + 0x4000 + u64::from(head) * EVENT_BYTES as u64)
    }
}

impl Process {
    /// The queues of the process that will be at `place`.
    pub(crate) fn new(memory: &File, doorbell: &OwnedFd, place: usize) -> Self {
        let (queue, layout) = QueueFile::new(memory, requests_of(place), PROCESS_QUEUE_SIZE);
        Self {
            process: 0,
            thread: 0,
            vcpu: 0,
            place,
            memory: memory.try_clone().unwrap(),
            doorbell: doorbell.try_clone().unwrap(),
            requests: Driver::of_requests(queue, layout, |_| slot(place)),
            events: Events::new(memory, events_of(place)),
            sequence: 0,
        }
    }

    /// It is the proxy with this pid.
    pub(crate) fn become_process(&mut self, process: u32) {
        self.process = process.cast_signed();
        self.thread = process;
    }

    /// Makes a child at `place`.
    pub(crate) fn fork(&mut self, place: usize) -> Self {
        let mut child = Self::prepare(self, place);
        let process = self.try_fork(place, libc::SIGCHLD);
        child.become_process(u32::try_from(process).expect("a pid"));
        child
    }

    /// The queues of a process that will be at `place` of the same partition.
    pub(crate) fn prepare(other: &Self, place: usize) -> Self {
        Self::new(&other.memory, &other.doorbell, place)
    }

    /// Asks for a child whose end is told by `signal`; answers its pid or an errno.
    pub(crate) fn try_fork(&mut self, place: usize, signal: i32) -> i64 {
        let arguments = [place as u64, requests_of(place), events_of(place), u64::from(signal.cast_unsigned())];
        self.operate(Operation::FORK, &arguments)
    }

    pub(crate) fn write(&self, address: u64, bytes: &[u8]) {
        self.memory.write_all_at(bytes, address).unwrap();
    }

    pub(crate) fn read(&self, address: u64, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.memory.read_exact_at(&mut bytes, address).unwrap();
        bytes
    }

    /// Executes a call and answers its result.
    pub(crate) fn call(&mut self, number: i64, arguments: &[u64], buffers: &[Buffer]) -> i64 {
        self.submit(Operation::CALL, u32::try_from(number).unwrap(), arguments, buffers);
        self.result()
    }

    /// Executes another operation and answers its result.
    pub(crate) fn operate(&mut self, operation: Operation, arguments: &[u64]) -> i64 {
        self.submit(operation, 0, arguments, &[]);
        self.result()
    }

    /// Hands a request over.
    pub(crate) fn submit(&mut self, operation: Operation, call: u32, arguments: &[u64], buffers: &[Buffer]) {
        self.sequence += 1;
        let mut bytes: Vec<u8> = [operation.0, call, self.process.cast_unsigned(), self.thread]
            .iter()
            .flat_map(|number| number.to_le_bytes())
            .collect();
        bytes.extend(self.sequence.to_le_bytes());
        let arguments = arguments.iter().chain(&[0; 6]).take(6);
        bytes.extend(arguments.flat_map(|number| number.to_le_bytes()));
        let count = u32::try_from(buffers.len()).unwrap();
        bytes.extend(0_u64.to_le_bytes());
        bytes.extend([count, count, self.vcpu, 0].iter().flat_map(|number| number.to_le_bytes()));
        for Buffer { argument, role, direction, segment } in buffers {
            bytes.extend([*argument, role.0, direction.0, 0, 1, 0, 0, 0]);
            bytes.extend(segment.1.to_le_bytes());
        }
        bytes.resize(size_of::<RequestHeader>() + 8 * size_of::<BufferDescriptor>(), 0);
        for Buffer { segment, .. } in buffers {
            bytes.extend(segment.0.to_le_bytes());
            bytes.extend(segment.1.to_le_bytes());
        }
        assert!(bytes.len() <= REQUEST_BYTES);
        self.write(slot(self.place).request.as_u64(), &bytes);
        if self.requests.publish(Slot::head(0)).unwrap() {
            self.ring();
        }
    }

    fn ring(&self) {
        let (word, bit) = bit_of(self.place);
        // The other places of the word are not told, but no test asks in two processes at once.
        self.write(NOTICE_BOARD + TO_AGENT + word, &bit.to_le_bytes());
        rustix::io::write(&self.doorbell, &1_u64.to_ne_bytes()).unwrap();
    }

    /// Asks for an interrupt at the next answer.
    pub(crate) fn want_interrupt(&mut self) {
        assert!(!self.requests.wait_armed());
    }

    /// That result if it is there.
    pub(crate) fn answer(&mut self) -> Option<i64> {
        self.requests.take_used().unwrap()?;
        Some(i64::from_le_bytes(self.read(slot(self.place).reply.as_u64() + 8, 8).try_into().unwrap()))
    }

    /// The result of the request that was handed over.
    pub(crate) fn result(&mut self) -> i64 {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(result) = self.answer() {
                return result;
            }
            assert!(Instant::now() < end, "no answer");
            std::thread::sleep(Duration::from_micros(50));
        }
    }

    /// Takes all events that are there.
    pub(crate) fn drop_events(&mut self) {
        while self.events.next_within(Duration::ZERO).is_some() {}
    }

    /// The next event: its signal and siginfo.
    pub(crate) fn event(&mut self) -> (u32, Vec<u8>) {
        let (signal, thread, info) = self.event_of_thread();
        assert_eq!(thread, 0);
        (signal, info)
    }

    /// The next event: its signal, its thread and siginfo.
    pub(crate) fn event_of_thread(&mut self) -> (u32, u32, Vec<u8>) {
        let bytes = self.events.next();
        assert_eq!((word(&bytes, 0), word(&bytes, 4)), (EventKind::SIGNAL.0, self.process.cast_unsigned()));
        (word(&bytes, 12), word(&bytes, 8), bytes[16..96].to_vec())
    }
}

/// The one slot of a process's that tests use.
fn slot(place: usize) -> Slot {
    let request = base(place) + 0x1_0000;
    Slot { request: GuestPhysical(request), reply: GuestPhysical(request + 0x400) }
}

//! A partition for tests: memory, a proxy that lives in the test's own process, and the driver's side of its queues.

use std::collections::HashSet;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use virtio_ikc::address::GuestPhysical;
use virtio_ikc::device::{EVENT_QUEUE, REQUEST_QUEUE};
use virtio_ikc::message::{BufferDescriptor, Direction, Operation, REQUEST_BYTES, Reply, Request, Role, Segment};
use virtio_ikc::notice::FIRST_PLACE;
use virtio_ikc::ring::{Driver, Part, QueueLayout, Slot};

use crate::arch;
use crate::execute::{Credentials, Files, Program};
use crate::memory::{Board, Partition, RingMemory, Shared, reserve_faulting};
use crate::own_descriptors::OwnDescriptors;
use crate::protocol::{FromAgent, Queue, Region};
use crate::proxy::{Children, Crew, FromProxy, Left, Link, Name, Proxy, Queues, StandIns, Wires, start_worker};
use crate::socket;

/// Bytes of its memory.
pub(crate) const BYTES: u64 = 16 << 20;
/// Where tests may put data.
pub(crate) const DATA: u64 = 1 << 20;
const VCPUS: usize = 2;
const LAYOUT: QueueLayout = QueueLayout::STANDARD;

/// The partition and the program in it.
pub(crate) struct TestPartition {
    pub(crate) proxy: &'static Proxy,
    /// What the VMM would hear.
    pub(crate) vmm: OwnedFd,
    requests: Mutex<Requests>,
    may_spin: bool,
}

struct Requests {
    driver: Driver<RingMemory>,
    /// The number of the last.
    sequence: u64,
    next_slot: u16,
    /// Slots whose requests have not been waited for.
    taken: HashSet<u16>,
    /// Heads that were answered but not waited for.
    answered: HashSet<u16>,
}

impl Requests {
    /// A slot that nobody uses, in turn, so that all of them come into use.
    fn free_slot(&mut self) -> u16 {
        while {
            self.next_slot = (self.next_slot + 1) % LAYOUT.slots();
            !self.taken.insert(self.next_slot)
        } {}
        self.next_slot
    }
}

/// A request that has been handed over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Submitted {
    pub(crate) sequence: u64,
    slot: u16,
}

impl TestPartition {
    /// One with a worker.
    pub(crate) fn new(may_spin: bool) -> Self {
        let partition = Self::idle(may_spin);
        partition.start_worker();
        partition
    }

    /// Lets somebody work for it.
    pub(crate) fn start_worker(&self) {
        start_worker(self.proxy).unwrap();
    }

    /// One for which nobody works.
    pub(crate) fn idle(may_spin: bool) -> Self {
        arch::install_handler();
        reserve_faulting().unwrap();
        let file = memfd_create("partition", MemfdFlags::CLOEXEC).unwrap();
        ftruncate(&file, BYTES).unwrap();
        let region = Region { guest: 0, length: BYTES, offset: 0 };
        let memory: &'static Partition = Box::leak(Box::new(Partition::map(file.as_fd(), &[region]).unwrap()));
        let (vmm, link) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap();
        let own = OwnDescriptors::choose();
        let event = || own.adopt(eventfd(0, EventfdFlags::CLOEXEC).unwrap()).unwrap();
        let wires: &'static Wires = Box::leak(Box::new(Wires {
            memory,
            board: Board::of(memory).unwrap(),
            interrupts: (0..VCPUS).map(|_| event()).collect(),
            cpus: vec![0; VCPUS],
            roster: Shared::new().unwrap(),
        }));
        let proxy = Proxy {
            process: std::process::id(),
            place: FIRST_PLACE,
            agent: 0,
            parent: 0,
            may_spin,
            wires,
            memory,
            own,
            link: Box::leak(Box::new(Link::new(own.adopt(link).unwrap()))),
            trace: None,
            files: Files::default(),
            views: crate::views::ShownFiles::default(),
            credentials: Credentials::default(),
            executable: RwLock::new(Arc::new(Program::Named("/bin/program".into()))),
            rounds: AtomicU32::new(0),
            death_signal: 0.into(),
            queues: OnceLock::new(),
            crew: Crew::new(),
            left: Left::default(),
            children: Children::default(),
            stand_ins: StandIns::default(),
            name: Name::default(),
            brief: RwLock::default(),
        };
        let proxy: &'static Proxy = Box::leak(Box::new(proxy));
        let ring = RingMemory::of(memory, &queue(REQUEST_QUEUE)).unwrap().0;
        let driver = Driver::of_requests(ring, LAYOUT, slot);
        proxy.queues.get_or_init(|| Queues::of_first(memory, &[REQUEST_QUEUE, EVENT_QUEUE].map(queue)).unwrap());
        let requests = Requests { driver, sequence: 0, next_slot: 0, taken: HashSet::new(), answered: HashSet::new() };
        Self { proxy, vmm, requests: Mutex::new(requests), may_spin }
    }

    /// Hands a request over.
    pub(crate) fn submit(&self, mut request: Request) -> Submitted {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.sequence += 1;
        let number = requests.free_slot();
        let sequence = requests.sequence;
        request.header.sequence = sequence;
        if request.header.process == 0 {
            request.header.process = self.proxy.process;
            request.header.thread = self.proxy.process;
        }
        self.proxy.memory.write(slot(number).request, &bytes_of(&request)).unwrap();
        if requests.driver.publish(Slot::head(number)).unwrap() {
            self.proxy.wires.roster.ring(FIRST_PLACE);
        }
        Submitted { sequence, slot: number }
    }

    /// Leaves a number out.
    pub(crate) fn skip_number(&self) {
        self.requests.lock().unwrap().sequence += 1;
    }

    /// Waits for the answer.
    pub(crate) fn wait(&self, submitted: Submitted) -> Reply {
        let end = Instant::now() + Duration::from_secs(20);
        while Instant::now() < end {
            let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
            while let Some(used) = requests.driver.take_used().unwrap() {
                requests.answered.insert(used.head);
            }
            if requests.answered.remove(&Slot::head(submitted.slot)) {
                requests.taken.remove(&submitted.slot);
                let reply = self.reply(submitted);
                assert_eq!(reply.sequence, submitted.sequence);
                return reply;
            }
            drop(requests);
            if !self.may_spin {
                std::thread::sleep(Duration::from_micros(20));
            }
        }
        panic!("no answer to {submitted:?}; {:?}", self.last_words());
    }

    /// Executes a request and answers its result.
    #[expect(clippy::large_types_passed_by_value, reason = "tests make it on the spot")]
    pub(crate) fn run(&self, request: Request) -> i64 {
        self.wait(self.submit(request)).result
    }

    /// Writes `bytes` at `address`.
    pub(crate) fn write(&self, address: u64, bytes: &[u8]) {
        self.proxy.memory.write(GuestPhysical(address), bytes).unwrap();
    }

    /// The `length` bytes at `address`.
    pub(crate) fn read(&self, address: u64, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.proxy.memory.read(GuestPhysical(address), &mut bytes).unwrap();
        bytes
    }

    /// What the proxy has told the VMM, if anything; waits a while for it.
    pub(crate) fn last_words(&self) -> Option<FromAgent> {
        let mut readable = [PollFd::new(&self.vmm, PollFlags::IN)];
        poll(&mut readable, Some(&Timespec { tv_sec: 5, tv_nsec: 0 })).unwrap();
        if readable[0].revents().is_empty() {
            None
        } else {
            let message = socket::receive(&self.vmm).unwrap()?.0;
            match message {
                FromProxy::Tell(message) | FromProxy::Ask(message) => Some(message),
                FromProxy::Born { .. } | FromProxy::Stops => None,
            }
        }
    }

    fn reply(&self, submitted: Submitted) -> Reply {
        let bytes = self.read(slot(submitted.slot).reply.as_u64(), size_of::<Reply>());
        let word = |index: usize| u64::from_le_bytes(bytes[8 * index..][..8].try_into().unwrap());
        Reply {
            sequence: word(0),
            result: word(1).cast_signed(),
            signal: u32::try_from(word(2) & 0xffff_ffff).unwrap(),
            interrupted: u32::try_from(word(2) >> 32).unwrap(),
            values: [3, 4, 5, 6].map(word),
            reserved: word(7),
        }
    }
}

/// A request for call `number`.
pub(crate) fn call(number: i64, arguments: &[u64]) -> Request {
    let mut request = Request::EMPTY;
    request.header.operation = Operation::CALL.0;
    request.header.call = u32::try_from(number).unwrap();
    request.header.arguments[..arguments.len()].copy_from_slice(arguments);
    request
}

/// A request for another operation.
pub(crate) fn operation(operation: Operation, arguments: &[u64]) -> Request {
    Request {
        header: virtio_ikc::message::RequestHeader { operation: operation.0, call: 0, ..call(0, arguments).header },
        ..Request::EMPTY
    }
}

/// Adds a buffer of these segments.
pub(crate) fn with(
    mut request: Request,
    argument: u8,
    role: Role,
    direction: Direction,
    segments: &[(u64, u64)],
) -> Request {
    let header = &mut request.header;
    let first = header.segment_count as usize;
    for (place, (address, length)) in request.segments[first..].iter_mut().zip(segments) {
        *place = Segment { address: GuestPhysical(*address), length: *length };
    }
    let count = u32::try_from(segments.len()).unwrap();
    header.segment_count += count;
    request.buffers[header.buffer_count as usize] = BufferDescriptor {
        argument,
        role: role.0,
        direction: direction.0,
        faults: 0,
        segment_count: count,
        length: segments.iter().map(|segment| segment.1).sum(),
    };
    header.buffer_count += 1;
    request
}

/// Makes the last buffer `more` bytes longer, which fault.
pub(crate) fn faulting(mut request: Request, more: u64) -> Request {
    let buffer = &mut request.buffers[request.header.buffer_count as usize - 1];
    buffer.faults = 1;
    buffer.length += more;
    request
}

fn queue(index: u16) -> Queue {
    let start = 0x1_0000 + u64::from(index) * 0x8000;
    let part = |part| start + LAYOUT.offset(part) as u64;
    Queue {
        index,
        size: LAYOUT.size(),
        descriptors: part(Part::Descriptors),
        driver: part(Part::Available),
        device: part(Part::Used),
    }
}

fn slot(number: u16) -> Slot {
    let request = 0x8_0000 + u64::from(number) * 0x800;
    Slot { request: GuestPhysical(request), reply: GuestPhysical(request + 0x400) }
}

/// A request's bytes as they lie in memory.
pub(crate) fn bytes_of(request: &Request) -> [u8; REQUEST_BYTES] {
    let header = &request.header;
    let mut bytes = Vec::new();
    for number in [header.operation, header.call, header.process, header.thread] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend(header.sequence.to_le_bytes());
    bytes.extend(header.arguments.iter().flat_map(|number| number.to_le_bytes()));
    bytes.extend(header.segment_table.to_le_bytes());
    bytes.extend(header.segment_count.to_le_bytes());
    bytes.extend(header.buffer_count.to_le_bytes());
    bytes.extend(header.vcpu.to_le_bytes());
    bytes.extend(header.closed_signals.to_le_bytes());
    for buffer in &request.buffers {
        bytes.extend([buffer.argument, buffer.role, buffer.direction, buffer.faults]);
        bytes.extend(buffer.segment_count.to_le_bytes());
        bytes.extend(buffer.length.to_le_bytes());
    }
    for segment in &request.segments {
        bytes.extend(segment.address.as_u64().to_le_bytes());
        bytes.extend(segment.length.to_le_bytes());
    }
    bytes.resize(REQUEST_BYTES, 0);
    bytes.try_into().unwrap()
}

//! The VMM's and the LWK's part of a partition, played by a test: the real agent runs at the other end.

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use host_agent::protocol::{AGENT_NAME, FromAgent, Queue, Region, ToAgent};
use host_agent::socket;
use rustix::event::{EventfdFlags, eventfd};
use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
use rustix::io::FdFlags;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use virtio_ikc::address::GuestPhysical;
use virtio_ikc::message::{BufferDescriptor, Direction, EVENT_BYTES, Operation, REQUEST_BYTES, Role};
use virtio_ikc::ring::{Driver, Part, QueueLayout, QueueMemory, Slot};

const BYTES: u64 = 8 << 20;
/// Where tests may put data.
pub(crate) const DATA: u64 = 1 << 20;
const LAYOUT: QueueLayout = QueueLayout::STANDARD;

/// A partition with one request queue.
pub(crate) struct Partition {
    pub(crate) agent: Child,
    pub(crate) process: i32,
    pub(crate) parent: u32,
    pub(crate) ignored_signals: u64,
    /// The number of the agent's socket when it was started.
    pub(crate) agent_socket: i32,
    socket: Option<OwnedFd>,
    memory: File,
    doorbell: OwnedFd,
    requests: Driver<QueueFile>,
    events: Driver<QueueFile>,
    sequence: u64,
}

/// One buffer of a request.
pub(crate) struct Buffer {
    pub(crate) argument: u8,
    pub(crate) role: Role,
    pub(crate) direction: Direction,
    pub(crate) segment: (u64, u64),
}

impl Partition {
    /// Starts an agent and a proxy.
    pub(crate) fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// The same, the command changed before.
    pub(crate) fn start_with(change: impl FnOnce(&mut Command)) -> Self {
        let Started { agent, socket: ours, agent_socket, memory, doorbell } = start_agent(change, "/");
        let ready = socket::receive(&ours).unwrap().unwrap().0;
        let FromAgent::Ready { process, parent, ignored_signals } = ready else { panic!("{ready:?}") };
        let requests = Driver::of_requests(queue_file(&memory, 1), LAYOUT, slot);
        let mut events = Driver::of_events(queue_file(&memory, 0), LAYOUT, event_place);
        events.publish(0).unwrap();
        events.publish(1).unwrap();
        socket::send(&ours, &ToAgent::Activate { queues: vec![queue(0), queue(1)] }, &[]).unwrap();
        let process = i32::try_from(process).unwrap();
        let socket = Some(ours);
        Self {
            agent,
            process,
            parent,
            ignored_signals,
            agent_socket,
            socket,
            memory,
            doorbell,
            requests,
            events,
            sequence: 0,
        }
    }

    /// Starts an agent that cannot start a proxy in `workdir`; answers what it says, and its exit status.
    pub(crate) fn refused(workdir: &str) -> (String, Option<i32>) {
        let mut started = start_agent(|_| {}, workdir);
        let message = socket::receive(&started.socket).unwrap().unwrap().0;
        let FromAgent::Failed { text } = message else { panic!("{message:?}") };
        (text, started.agent.wait().unwrap().code())
    }

    /// Tells the agent something.
    pub(crate) fn tell(&self, message: &ToAgent) {
        socket::send(self.socket.as_ref().unwrap(), message, &[]).unwrap();
    }

    /// What the agent says next.
    pub(crate) fn hear(&self) -> (FromAgent, Vec<OwnedFd>) {
        socket::receive(self.socket.as_ref().unwrap()).unwrap().expect("the agent is there")
    }

    /// Closes the socket, as the VMM's death does.
    pub(crate) fn vanish(&mut self) {
        self.socket = None;
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
        let process = self.process.cast_unsigned();
        let mut bytes: Vec<u8> =
            [operation.0, call, process, process].iter().flat_map(|number| number.to_le_bytes()).collect();
        bytes.extend(self.sequence.to_le_bytes());
        let arguments = arguments.iter().chain(&[0; 6]).take(6);
        bytes.extend(arguments.flat_map(|number| number.to_le_bytes()));
        let count = u32::try_from(buffers.len()).unwrap();
        bytes.extend(0_u64.to_le_bytes());
        bytes.extend([count, count].iter().flat_map(|number| number.to_le_bytes()));
        for Buffer { argument, role, direction, segment } in buffers {
            bytes.extend([*argument, role.0, direction.0, 0, 1, 0, 0, 0]);
            bytes.extend(segment.1.to_le_bytes());
        }
        bytes.resize(88 + 8 * size_of::<BufferDescriptor>(), 0);
        for Buffer { segment, .. } in buffers {
            bytes.extend(segment.0.to_le_bytes());
            bytes.extend(segment.1.to_le_bytes());
        }
        assert!(bytes.len() <= REQUEST_BYTES);
        self.write(slot(0).request.as_u64(), &bytes);
        if self.requests.publish(Slot::head(0)).unwrap() {
            rustix::io::write(&self.doorbell, &1_u64.to_ne_bytes()).unwrap();
        }
    }

    /// The result of the request that was handed over.
    pub(crate) fn result(&mut self) -> i64 {
        let end = Instant::now() + Duration::from_secs(20);
        while self.requests.take_used().unwrap().is_none() {
            assert!(Instant::now() < end, "no answer");
            std::thread::sleep(Duration::from_micros(50));
        }
        i64::from_le_bytes(self.read(slot(0).reply.as_u64() + 8, 8).try_into().unwrap())
    }

    /// The next event: its signal and siginfo.
    pub(crate) fn event(&mut self) -> (u32, Vec<u8>) {
        let end = Instant::now() + Duration::from_secs(20);
        let used = loop {
            if let Some(used) = self.events.take_used().unwrap() {
                break used;
            }
            assert!(Instant::now() < end, "no event");
            std::thread::sleep(Duration::from_micros(50));
        };
        let bytes = self.read(event_place(used.head).as_u64(), EVENT_BYTES);
        self.events.publish(used.head).unwrap();
        let word = |at: usize| u32::from_le_bytes(bytes[at..][..4].try_into().unwrap());
        assert_eq!((word(0), word(4)), (1, self.process.cast_unsigned()));
        (word(12), bytes[16..96].to_vec())
    }
}

impl Drop for Partition {
    fn drop(&mut self) {
        self.vanish();
        let _ = self.agent.wait();
    }
}

/// A queue's memory, accessed through the partition's memory file.
pub(crate) struct QueueFile {
    file: File,
    start: u64,
}

impl QueueFile {
    fn load<const N: usize>(&self, part: Part, offset: usize) -> [u8; N] {
        let mut bytes = [0; N];
        self.file.read_exact_at(&mut bytes, self.place(part, offset)).unwrap();
        bytes
    }

    fn store(&self, part: Part, offset: usize, bytes: &[u8]) {
        self.file.write_all_at(bytes, self.place(part, offset)).unwrap();
    }

    fn place(&self, part: Part, offset: usize) -> u64 {
        self.start + (LAYOUT.offset(part) + offset) as u64
    }
}

impl QueueMemory for QueueFile {
    fn load_u16(&self, part: Part, offset: usize, _: Ordering) -> u16 {
        u16::from_le_bytes(self.load(part, offset))
    }

    fn load_u32(&self, part: Part, offset: usize, _: Ordering) -> u32 {
        u32::from_le_bytes(self.load(part, offset))
    }

    fn load_u64(&self, part: Part, offset: usize, _: Ordering) -> u64 {
        u64::from_le_bytes(self.load(part, offset))
    }

    fn store_u16(&self, part: Part, offset: usize, value: u16, _: Ordering) {
        self.store(part, offset, &value.to_le_bytes());
    }

    fn store_u32(&self, part: Part, offset: usize, value: u32, _: Ordering) {
        self.store(part, offset, &value.to_le_bytes());
    }

    fn store_u64(&self, part: Part, offset: usize, value: u64, _: Ordering) {
        self.store(part, offset, &value.to_le_bytes());
    }

    fn fence(&self) {
        std::sync::atomic::fence(Ordering::SeqCst);
    }
}

struct Started {
    agent: Child,
    socket: OwnedFd,
    agent_socket: i32,
    memory: File,
    doorbell: OwnedFd,
}

fn start_agent(change: impl FnOnce(&mut Command), workdir: &str) -> Started {
    let memory = memfd_create("partition", MemfdFlags::CLOEXEC).unwrap();
    ftruncate(&memory, BYTES).unwrap();
    let event = || eventfd(0, EventfdFlags::CLOEXEC).unwrap();
    let (doorbell, interrupts) = (event(), [event(), event()]);
    let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap();
    rustix::io::fcntl_setfd(&theirs, FdFlags::empty()).unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg0(AGENT_NAME).arg(theirs.as_raw_fd().to_string());
    change(&mut command);
    let agent = command.spawn().unwrap();
    let files = [memory.as_fd(), doorbell.as_fd(), interrupts[0].as_fd(), interrupts[1].as_fd()];
    socket::send(&ours, &start_message(workdir), &files).unwrap();
    Started { agent, socket: ours, agent_socket: theirs.as_raw_fd(), memory: File::from(memory), doorbell }
}

fn start_message(workdir: &str) -> ToAgent {
    ToAgent::Start {
        regions: vec![Region { guest: 0, length: BYTES, offset: 0 }],
        queues: 2,
        cpus: Vec::new(),
        may_spin: false,
        trace: false,
        closed: Vec::new(),
        workdir: Some(workdir.to_owned()),
        executable: "/bin/true".to_owned(),
        name: "program".to_owned(),
    }
}

fn queue_file(memory: &File, index: u16) -> QueueFile {
    QueueFile { file: memory.try_clone().unwrap(), start: queue(index).descriptors }
}

fn queue(index: u16) -> Queue {
    let start = 0x1_0000 + u64::from(index) * 0x1000;
    let part = |part| start + LAYOUT.offset(part) as u64;
    let [descriptors, driver, device] = [Part::Descriptors, Part::Available, Part::Used].map(part);
    Queue { index, size: LAYOUT.size(), descriptors, driver, device }
}

fn slot(number: u16) -> Slot {
    let request = 0x2_0000 + u64::from(number) * 0x800;
    Slot { request: GuestPhysical(request), reply: GuestPhysical(request + 0x400) }
}

fn event_place(number: u16) -> GuestPhysical {
    GuestPhysical(0x4_0000 + u64::from(number) * EVENT_BYTES as u64)
}

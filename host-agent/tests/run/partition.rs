//! The VMM's part of a partition, played by a test: the real agent runs at the other end.

use std::fs::File;
use std::ops::{Deref, DerefMut};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::time::Duration;

use host_agent::protocol::{AGENT_NAME, FromAgent, Region, ToAgent};
use host_agent::socket;
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
use rustix::io::FdFlags;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use virtio_ikc::device::{AGENT_QUEUE, EVENT_QUEUE, REQUEST_QUEUE};
use virtio_ikc::message::{EventKind, PROCESS_EVENTS, PROCESS_QUEUE_SIZE};
use virtio_ikc::notice::FIRST_PLACE;

use crate::process::{Events, Process, events_of, requests_of, word};
use crate::queue::queue;

/// Where the agent's own events lie.
const AGENT_EVENTS: u64 = 0x1_0000;
const BYTES: u64 = 16 << 20;
/// Where tests may put data.
pub(crate) const DATA: u64 = 1 << 20;
/// vCPUs of the partition.
const VCPUS: usize = 2;
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A partition, and its first process.
pub(crate) struct Partition {
    pub(crate) agent: Child,
    pub(crate) parent: u32,
    pub(crate) ignored_signals: u64,
    /// The number of the agent's socket when it was started.
    pub(crate) agent_socket: i32,
    socket: Option<OwnedFd>,
    interrupts: Vec<OwnedFd>,
    /// The agent's own events.
    news: Events,
    first: Process,
}

impl Deref for Partition {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.first
    }
}

impl DerefMut for Partition {
    fn deref_mut(&mut self) -> &mut Process {
        &mut self.first
    }
}

impl Partition {
    /// Starts an agent and a proxy.
    pub(crate) fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// The same with workers that may poll.
    pub(crate) fn start_polling() -> Self {
        Self::of(start_agent(|_| {}, "/", true))
    }

    /// The same, the command changed before.
    pub(crate) fn start_with(change: impl FnOnce(&mut Command)) -> Self {
        Self::of(start_agent(change, "/", false))
    }

    fn of(started: Started) -> Self {
        let Started { agent, socket: ours, agent_socket, memory, doorbell, interrupts } = started;
        let ready = socket::receive(&ours).unwrap().unwrap().0;
        let FromAgent::Ready { process, parent, ignored_signals } = ready else { panic!("{ready:?}") };
        let mut first = Process::new(&memory, &doorbell, FIRST_PLACE);
        first.become_process(process);
        let news = Events::new(&memory, AGENT_EVENTS);
        let queues = vec![
            queue(AGENT_QUEUE, AGENT_EVENTS, PROCESS_EVENTS),
            queue(REQUEST_QUEUE, requests_of(FIRST_PLACE), PROCESS_QUEUE_SIZE),
            queue(EVENT_QUEUE, events_of(FIRST_PLACE), PROCESS_EVENTS),
        ];
        socket::send(&ours, &ToAgent::Activate { queues }, &[]).unwrap();
        Self { agent, parent, ignored_signals, agent_socket, socket: Some(ours), interrupts, news, first }
    }

    /// Starts an agent that cannot start a proxy in `workdir`; answers what it says, and its exit status.
    pub(crate) fn refused(workdir: &str) -> (String, Option<i32>) {
        let mut started = start_agent(|_| {}, workdir, false);
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
        let socket = self.socket.as_ref().unwrap();
        let mut readable = [PollFd::new(socket, PollFlags::IN)];
        let timeout = Timespec::try_from(PATIENCE).unwrap();
        assert_eq!(poll(&mut readable, Some(&timeout)), Ok(1), "the agent says nothing");
        socket::receive(socket).unwrap().expect("the agent is there")
    }

    /// Closes the socket, as the VMM's death does.
    pub(crate) fn vanish(&mut self) {
        self.socket = None;
    }

    /// The next process that is gone: its pid and place.
    pub(crate) fn gone(&mut self) -> (u32, u32) {
        self.gone_within(PATIENCE).expect("a process that is gone")
    }

    /// The same if there is one soon enough.
    pub(crate) fn gone_within(&mut self, patience: Duration) -> Option<(u32, u32)> {
        let bytes = self.news.next_within(patience)?;
        assert_eq!((word(&bytes, 0), word(&bytes, 12)), (EventKind::GONE.0, 0));
        Some((word(&bytes, 4), word(&bytes, 8)))
    }

    /// How often `vcpu` was interrupted since this was last asked; waits for the first time.
    pub(crate) fn interrupts(&self, vcpu: usize) -> u64 {
        let mut count = [0; 8];
        rustix::io::read(&self.interrupts[vcpu], &mut count).unwrap();
        u64::from_ne_bytes(count)
    }
}

impl Drop for Partition {
    fn drop(&mut self) {
        self.vanish();
        let _ = self.agent.wait();
    }
}

struct Started {
    agent: Child,
    socket: OwnedFd,
    agent_socket: i32,
    memory: File,
    doorbell: OwnedFd,
    interrupts: Vec<OwnedFd>,
}

fn start_agent(change: impl FnOnce(&mut Command), workdir: &str, may_spin: bool) -> Started {
    let memory = memfd_create("partition", MemfdFlags::CLOEXEC).unwrap();
    ftruncate(&memory, BYTES).unwrap();
    let event = || eventfd(0, EventfdFlags::CLOEXEC).unwrap();
    let (doorbell, interrupts): (_, Vec<_>) = (event(), (0..VCPUS).map(|_| event()).collect());
    let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap();
    rustix::io::fcntl_setfd(&theirs, FdFlags::empty()).unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg0(AGENT_NAME).arg(theirs.as_raw_fd().to_string());
    change(&mut command);
    // In the group of a job whose shell is gone nothing stops (setpgid(2), "orphaned"); one whose leader is a child of ours is none.
    command.process_group(0);
    let agent = command.spawn().unwrap();
    let files: Vec<_> =
        [memory.as_fd(), doorbell.as_fd()].into_iter().chain(interrupts.iter().map(AsFd::as_fd)).collect();
    socket::send(&ours, &start_message(workdir, may_spin), &files).unwrap();
    Started { agent, socket: ours, agent_socket: theirs.as_raw_fd(), memory: File::from(memory), doorbell, interrupts }
}

fn start_message(workdir: &str, may_spin: bool) -> ToAgent {
    ToAgent::Start {
        regions: vec![Region { guest: 0, length: BYTES, offset: 0 }],
        vcpus: u16::try_from(VCPUS).unwrap(),
        cpus: Vec::new(),
        partition_cpus: vec![0; VCPUS],
        may_spin,
        trace: false,
        closed: Vec::new(),
        workdir: Some(workdir.to_owned()),
        executable: "/bin/true".to_owned(),
        name: "program".to_owned(),
    }
}

//! From the agent's first instruction to the first proxy.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, OnceLock, RwLock};

use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use thiserror::Error;
use virtio_ikc::notice::FIRST_PLACE;

use super::proxies::Proxies;
use super::ringer;
use super::supervise::Supervisor;
use crate::arch::{self, SignalSet};
use crate::execute::{Credentials, Files, Program, set_process_name};
use crate::memory::{Board, Partition, Shared, reserve_faulting};
use crate::own_descriptors::{OwnDescriptors, OwnFile};
use crate::protocol::{AGENT_NAME, FromAgent, Region, ToAgent};
use crate::proxy::{self, Children, Crew, Left, Link, Name, Proxy, Roster, StandIns, Wires, die_with};
use crate::socket;
use crate::views::ShownFiles;

/// Why there is no proxy.
#[derive(Debug, Error)]
pub(super) enum StartError {
    #[error("cannot {0}: {1}")]
    Cannot(&'static str, #[source] io::Error),
    #[error("cannot enter the working directory {0}: {1}")]
    Workdir(String, #[source] io::Error),
    #[error("the VMM did not begin with Start")]
    Protocol,
    #[error("{found} descriptors came with Start, {expected} are needed")]
    Descriptors { found: usize, expected: usize },
}

fn cannot(what: &'static str) -> impl FnOnce(io::Error) -> StartError {
    move |error| StartError::Cannot(what, error)
}

/// What `Start` says.
struct Order {
    regions: Vec<Region>,
    cpus: Vec<usize>,
    partition_cpus: Vec<usize>,
    may_spin: bool,
    workdir: Option<String>,
    closed: Vec<i32>,
    executable: String,
    name: String,
    interrupts: Vec<OwnFile>,
    files: FilesOfStart,
}

/// The descriptors beside `Start`.
struct FilesOfStart {
    memory: OwnFile,
    doorbell: OwnFile,
    trace: Option<OwnFile>,
}

/// All that agent and proxy need, made before there are two.
struct Prepared {
    own: OwnDescriptors,
    order: Order,
    wires: &'static Wires,
    ignored_signals: SignalSet,
    /// The agent's end of the socket between the two.
    here: OwnFile,
    /// The proxy's.
    there: OwnFile,
    children: OwnFile,
    proxies: Proxies,
}

type Started = Result<Option<Supervisor>, (Box<dyn AsFd>, StartError)>;

/// Makes the first proxy. `None` if the VMM went away.
pub(super) fn start(socket: OwnedFd) -> Started {
    let own = OwnDescriptors::choose();
    let moved = match own.duplicate(&socket) {
        Ok(moved) => moved,
        Err(error) => return Err((Box::new(socket), StartError::Cannot("move descriptors", error))),
    };
    // Its old number must be free before the proxy is made.
    drop(socket);
    let prepared = match prepare(&moved, own) {
        Ok(Some(prepared)) => prepared,
        Ok(None) => return Ok(None),
        Err(error) => return Err((Box::new(moved), error)),
    };
    let agent = std::process::id();
    // A proxy has its name from its first moment.
    set_process_name(prepared.order.name.as_bytes());
    match arch::fork() {
        Err(error) => Err((Box::new(moved), StartError::Cannot("fork the proxy", error))),
        Ok(None) => {
            drop(moved);
            prepared.become_proxy(agent)
        }
        Ok(Some(process)) => prepared.become_supervisor(moved, process, agent),
    }
}

fn prepare(socket: &OwnFile, own: OwnDescriptors) -> Result<Option<Prepared>, StartError> {
    let ignored_signals = arch::ignored_signals();
    arch::block_all_but(SignalSet::NONE);
    arch::default_action(libc::SIGCHLD.cast_unsigned());
    // Should the VMM be gone already, its socket says so.
    die_with(None).map_err(cannot("tie the agent to the VMM"))?;
    // The program's orphans come to the agent, and not to whoever started the VMM.
    let adopted = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    adopted.map_err(|error| StartError::Cannot("adopt orphans", error.into()))?;
    let Some(mut order) = receive(socket, own)? else { return Ok(None) };
    run_on(&order.cpus)?;
    if let Some(workdir) = &order.workdir {
        std::env::set_current_dir(workdir).map_err(|error| StartError::Workdir(workdir.clone(), error))?;
    }
    reserve_faulting().map_err(cannot("reserve address space"))?;
    let wires = make_wires(&mut order)?;
    let pair = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None);
    let (here, there) = pair.map_err(|error| StartError::Cannot("make a socket pair", error.into()))?;
    let children = arch::signal_descriptor(SignalSet::one(libc::SIGCHLD.cast_unsigned()));
    let adopt = |file| own.adopt(file).map_err(cannot("move descriptors"));
    Ok(Some(Prepared {
        own,
        order,
        wires,
        ignored_signals,
        here: adopt(here)?,
        there: adopt(there)?,
        children: adopt(children.map_err(cannot("watch for children"))?)?,
        proxies: Proxies::new(wires, own).map_err(cannot("watch for proxies"))?,
    }))
}

impl Prepared {
    fn become_proxy(self, agent: u32) -> ! {
        drop((self.here, self.children, self.proxies, self.order.files.memory, self.order.files.doorbell));
        if die_with(Some(agent)).is_err() {
            arch::end_process(1);
        }
        arch::close_streams(&self.order.closed);
        let proxy = Proxy {
            process: std::process::id(),
            place: FIRST_PLACE,
            agent,
            parent: agent,
            may_spin: self.order.may_spin,
            wires: self.wires,
            memory: self.wires.memory,
            own: self.own,
            link: Box::leak(Box::new(Link::new(self.there))),
            trace: self.order.files.trace.map(|trace| &*Box::leak(Box::new(trace))),
            files: Files::default(),
            views: ShownFiles::default(),
            credentials: Credentials::default(),
            executable: RwLock::new(Arc::new(Program::Named(self.order.executable.into()))),
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
        proxy::main(proxy)
    }

    /// `None` if the VMM went away.
    fn become_supervisor(self, socket: OwnFile, process: u32, agent: u32) -> Started {
        let Self { order, wires, here: link, there, children, proxies, ignored_signals, .. } = self;
        let FilesOfStart { memory, doorbell, trace } = order.files;
        drop((there, memory, trace));
        set_process_name(AGENT_NAME.as_bytes());
        let mut kept = vec![socket.as_fd(), link.as_fd(), children.as_fd(), doorbell.as_fd(), proxies.news()];
        kept.extend(wires.interrupts.iter().map(AsFd::as_fd));
        arch::close_inherited(&kept);
        if let Err(error) = ringer::start(doorbell, wires) {
            return Err((Box::new(socket), StartError::Cannot("start a thread", error)));
        }
        let ready = FromAgent::Ready { process, parent: agent, ignored_signals: ignored_signals.0 };
        let told = socket::send(&socket, &ready, &[]);
        Ok(told.is_ok().then(|| Supervisor::new(socket, link, children, process, wires, proxies)))
    }
}

fn receive(socket: &OwnFile, own: OwnDescriptors) -> Result<Option<Order>, StartError> {
    let received = socket::receive(socket).map_err(cannot("understand the VMM"))?;
    let Some((message, descriptors)) = received else { return Ok(None) };
    let ToAgent::Start { regions, vcpus, cpus, partition_cpus, may_spin, trace, closed, workdir, executable, name } =
        message
    else {
        return Err(StartError::Protocol);
    };
    let expected = 2 + usize::from(vcpus) + usize::from(trace);
    let found = descriptors.len();
    if found != expected {
        return Err(StartError::Descriptors { found, expected });
    }
    let wrong = || StartError::Descriptors { found, expected };
    let moved = descriptors.into_iter().map(|file| own.adopt(file)).collect::<io::Result<Vec<_>>>();
    let mut moved = moved.map_err(cannot("move descriptors"))?.into_iter();
    let memory = moved.next().ok_or_else(wrong)?;
    let doorbell = moved.next().ok_or_else(wrong)?;
    let interrupts = moved.by_ref().take(vcpus.into()).collect();
    let files = FilesOfStart { memory, doorbell, trace: moved.next() };
    let executable = absolute(workdir.as_deref(), executable);
    Ok(Some(Order { regions, cpus, partition_cpus, may_spin, workdir, closed, executable, name, interrupts, files }))
}

/// Never dropped: agent and proxies use it to their ends.
fn make_wires(order: &mut Order) -> Result<&'static Wires, StartError> {
    let memory = Partition::map(order.files.memory.as_fd(), &order.regions).map_err(cannot("map the partition"))?;
    let memory: &'static Partition = Box::leak(Box::new(memory));
    let board = Board::of(memory).ok_or_else(|| cannot("map the notice board")(io::ErrorKind::InvalidInput.into()))?;
    let roster: Shared<Roster> = Shared::new().map_err(cannot("map memory"))?;
    roster.issue_tickets(cpus_here());
    let interrupts = std::mem::take(&mut order.interrupts);
    let cpus = std::mem::take(&mut order.partition_cpus);
    Ok(Box::leak(Box::new(Wires { memory, board, interrupts, cpus, roster })))
}

/// What /proc/self/exe names is an absolute path without symbolic links.
fn absolute(workdir: Option<&str>, executable: String) -> String {
    let path =
        workdir.map_or_else(|| Path::new(&executable).to_owned(), |workdir| Path::new(workdir).join(&executable));
    let found = std::fs::canonicalize(path).ok().and_then(|path| path.into_os_string().into_string().ok());
    found.unwrap_or(executable)
}

fn run_on(cpus: &[usize]) -> Result<(), StartError> {
    if cpus.is_empty() {
        return Ok(());
    }
    let mut set = CpuSet::new();
    for cpu in cpus.iter().filter(|cpu| **cpu < CpuSet::MAX_CPU) {
        set.set(*cpu);
    }
    sched_setaffinity(None, &set).map_err(|error| StartError::Cannot("run on the agent's CPUs", error.into()))
}

/// How many CPUs the agent and its proxies may run on; so many threads may poll at a time.
fn cpus_here() -> u32 {
    sched_getaffinity(None).map_or(1, |set| set.count())
}

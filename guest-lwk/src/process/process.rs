//! A process: an address space, and what its threads share.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering};

use spin::Mutex;
use virtio_ikc::address::GuestPhysical;

use super::identity::Identity;
use super::signal::left::Left;
use super::signal::stop::Stop;
use super::signal::{MAX_PENDING, SharedSignals};
use super::table;
use super::thread::Thread;
use super::timer::{ProcessTimers, ProcessorTimers};
use super::usage::Usage;
use crate::arch::lock::{SharedGuard, SleepLock};
use crate::errno::Errno;
use crate::ikc::board;
use crate::ikc::events::EventQueue;
use crate::ikc::queue::RequestQueue;
use crate::memory::space::AddressSpace;

/// A limit of getrlimit(2): soft and hard.
pub type Limit = (u64, u64);

/// The address space of a process, which execve(2) replaces and a child of vfork(2) borrows.
pub struct SpaceSlot {
    space: Mutex<Arc<SleepLock<AddressSpace>>>,
    root: AtomicU64,
}

impl SpaceSlot {
    fn new(space: Arc<SleepLock<AddressSpace>>, root: GuestPhysical) -> Self {
        Self { space: Mutex::new(space), root: AtomicU64::new(root.0) }
    }

    /// Waits for it. The caller holds no spin lock.
    pub fn lock(&self) -> SharedGuard<AddressSpace> {
        self.share().lock_shared()
    }

    /// The space itself, to be shared with another process.
    pub fn share(&self) -> Arc<SleepLock<AddressSpace>> {
        Arc::clone(&self.space.lock())
    }

    /// Puts another space in its place; answers the old one.
    pub fn replace(&self, space: Arc<SleepLock<AddressSpace>>, root: GuestPhysical) -> Arc<SleepLock<AddressSpace>> {
        let mut slot = self.space.lock();
        self.root.store(root.0, Ordering::SeqCst);
        core::mem::replace(&mut *slot, space)
    }
}

/// How a process ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// With this exit status.
    Status(u8),
    /// By this signal.
    Signal(u8),
    /// Its proxy is no more.
    Gone,
}

/// A process. Its pid is that of its proxy.
pub struct Process {
    pid: AtomicU32,
    place: usize,
    /// Its memory.
    pub space: SpaceSlot,
    /// Its signals.
    pub signals: SleepLock<SharedSignals>,
    /// Its threads that have not ended.
    pub threads: Mutex<Vec<Arc<Thread>>>,
    /// How many have ended and have not told Linux yet.
    pub leaving: AtomicUsize,
    /// What it asks of Linux.
    pub requests: Mutex<RequestQueue>,
    /// What Linux tells it.
    pub events: Mutex<EventQueue>,
    /// Held by whoever handles what is in there.
    pub event_turn: SleepLock<()>,
    /// Limits that the LWK keeps itself, by their number.
    pub limits: Mutex<BTreeMap<u64, Limit>>,
    /// personality(2).
    pub personality: AtomicU32,
    /// prctl(2)'s `PR_SET_DUMPABLE`.
    pub dumpable: AtomicU32,
    /// Which of the terminal's signals it ignores, as a request says it.
    pub ignored_terminal_signals: AtomicU32,
    /// Its ids, as far as they are known.
    pub identity: Identity,
    /// What it has registered for with membarrier(2).
    pub barriers: AtomicU64,
    /// The exit status of its first thread (exit(2)).
    pub first_status: AtomicU8,
    end: Mutex<Option<End>>,
    ending: AtomicBool,
    gone: AtomicBool,
    released: AtomicBool,
    /// Whether it is stopped.
    pub stop: Stop,
    executing: AtomicBool,
    executed: AtomicBool,
    /// prctl(2)'s `PR_SET_CHILD_SUBREAPER`.
    pub adopts: AtomicBool,
    /// The parent that waits for execve(2) or the end (vfork(2)).
    pub vfork_parent: Mutex<Option<Arc<Thread>>>,
    /// How many signals may wait (`RLIMIT_SIGPENDING`).
    pub most_pending: AtomicU64,
    /// The signals that it leaves to Linux.
    pub left: Left,
    /// What it and its children used.
    pub usage: Usage,
    /// Its timers.
    pub timers: ProcessTimers,
    /// Timers that count its processor time.
    pub processor_timers: ProcessorTimers,
    /// Timers that count what its program uses of it (`ITIMER_VIRTUAL`).
    pub user_timers: ProcessorTimers,
}

impl Channel {
    /// A free place and new queues.
    pub fn open() -> Result<Self, Errno> {
        let place = table::reserve_place()?;
        board::include(place);
        match Self::queues() {
            Ok((requests, events)) => Ok(Self { place, requests, events }),
            Err(error) => {
                table::free_place(place);
                Err(error)
            }
        }
    }

    fn queues() -> Result<(RequestQueue, EventQueue), Errno> {
        let mut requests = RequestQueue::new()?;
        match EventQueue::new() {
            Ok(events) => Ok((requests, events)),
            Err(error) => {
                requests.free();
                Err(error)
            }
        }
    }
}

/// Where a process's messages go: its place on the notice board and its queues.
pub struct Channel {
    /// The place.
    pub place: usize,
    /// Its requests.
    pub requests: RequestQueue,
    /// Its events.
    pub events: EventQueue,
}

impl Process {
    /// A process that starts now, without threads and without a pid.
    pub fn new(space: Arc<SleepLock<AddressSpace>>, root: GuestPhysical, channel: Channel) -> Self {
        Self {
            pid: AtomicU32::new(0),
            place: channel.place,
            space: SpaceSlot::new(space, root),
            signals: SleepLock::new(SharedSignals::new()),
            threads: Mutex::default(),
            leaving: AtomicUsize::new(0),
            requests: Mutex::new(channel.requests),
            events: Mutex::new(channel.events),
            event_turn: SleepLock::new(()),
            limits: Mutex::default(),
            personality: AtomicU32::new(0),
            dumpable: AtomicU32::new(1),
            ignored_terminal_signals: AtomicU32::new(0),
            identity: Identity::new(),
            barriers: AtomicU64::new(0),
            first_status: AtomicU8::new(0),
            end: Mutex::new(None),
            ending: AtomicBool::new(false),
            gone: AtomicBool::new(false),
            released: AtomicBool::new(false),
            stop: Stop::default(),
            executing: AtomicBool::new(false),
            executed: AtomicBool::new(false),
            adopts: AtomicBool::new(false),
            vfork_parent: Mutex::new(None),
            most_pending: AtomicU64::new(MAX_PENDING),
            left: Left::default(),
            usage: Usage::default(),
            timers: ProcessTimers::default(),
            processor_timers: ProcessorTimers::new(),
            user_timers: ProcessorTimers::new(),
        }
    }

    /// Its pid.
    pub fn pid(&self) -> u32 {
        self.pid.load(Ordering::Relaxed)
    }

    /// Takes the pid that Linux gave it. Nobody knows the process yet.
    pub fn set_pid(&self, pid: u32) {
        self.pid.store(pid, Ordering::Relaxed);
    }

    /// Its place on the notice board.
    pub fn place(&self) -> usize {
        self.place
    }

    /// What CR3 is loaded with for its threads.
    pub fn root(&self) -> GuestPhysical {
        GuestPhysical(self.space.root.load(Ordering::SeqCst))
    }

    /// Its threads now.
    pub fn all_threads(&self) -> Vec<Arc<Thread>> {
        self.threads.lock().clone()
    }

    /// Whether its threads shall end.
    pub fn is_ending(&self) -> bool {
        self.ending.load(Ordering::SeqCst)
    }

    /// How it ends, once it does.
    pub fn end(&self) -> Option<End> {
        *self.end.lock()
    }

    /// Lets it end so; the first to say so decides. Answers whether that was the caller.
    pub fn set_end(&self, end: End) -> bool {
        let mut decided = self.end.lock();
        let is_first = decided.is_none();
        decided.get_or_insert(end);
        self.ending.store(true, Ordering::SeqCst);
        is_first
    }

    /// Whether its proxy is no more, so that nothing that is asked will be answered.
    pub fn is_gone(&self) -> bool {
        self.gone.load(Ordering::SeqCst)
    }

    /// Takes note of that.
    pub fn set_gone(&self) {
        self.gone.store(true, Ordering::SeqCst);
    }

    /// Whether the agent has said so too, and its place on the notice board may be given to another one.
    pub fn is_released(&self) -> bool {
        self.released.load(Ordering::SeqCst)
    }

    /// Takes note of that.
    pub fn set_released(&self) {
        self.released.store(true, Ordering::SeqCst);
    }

    /// Whether it has replaced its program (execve(2)).
    pub fn has_executed(&self) -> bool {
        self.executed.load(Ordering::Relaxed)
    }

    /// The program has been replaced.
    pub fn set_executed(&self) {
        self.executed.store(true, Ordering::Relaxed);
    }

    /// A thread replaces the program; false if another one does already.
    pub fn begin_execution(&self) -> bool {
        !self.executing.swap(true, Ordering::SeqCst)
    }

    /// It has done so, or failed to.
    pub fn end_execution(&self) {
        self.executing.store(false, Ordering::SeqCst);
    }
}

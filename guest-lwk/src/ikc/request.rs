//! Asking Linux: a request is drafted, published on the process's own queue, and waited for.
//!
//! Whoever waits spins as long as a reply is likely to come soon, then halts until the device interrupts. A signal that
//! may be delivered cuts the wait short: the agent is asked to interrupt the call, and its answer says which came first.

use alloc::sync::Arc;
use core::mem::offset_of;
use core::sync::atomic::Ordering;

use lwk_core::signal::Signal;
use smallvec::SmallVec;
use virtio_ikc::address::GuestPhysical;
use virtio_ikc::message::{
    BufferDescriptor, CLOSED_TTIN, CLOSED_TTOU, Direction, INLINE_SEGMENTS, MAX_BUFFERS, MAX_SEGMENTS, Operation,
    Reply, Request, RequestHeader, Role, Segment,
};

use super::board;
use super::queue::Published;
use crate::arch::{boot, current, direct_map, time};
use crate::process::process::Process;
use crate::process::thread::Thread;
use crate::schedule;

/// How long a reply is spun for, in microseconds.
const SPIN_MICROSECONDS: u64 = 100;
/// The same while other threads wait for the vCPU: about what it costs to go to another thread and back.
const SHARED_SPIN_MICROSECONDS: u64 = 4;
/// What Linux copies at least in a microsecond, on a slow day.
const BYTES_PER_MICROSECOND: u64 = 2048;
/// The most that is added for it.
const MOST_SPIN_MICROSECONDS: u64 = 800;
/// How often a spinning waiter looks for its reply before it looks at the clock.
const LOOKS: u32 = 8;
/// How often it looks at the clock before it looks for events.
const EVENT_CHECK_SPINS: u32 = 8;

/// Segments of most requests: no more are kept with the draft itself.
const USUAL_SEGMENTS: usize = 4;

/// A request in the making.
pub struct Draft {
    header: RequestHeader,
    buffers: [BufferDescriptor; MAX_BUFFERS],
    segments: SmallVec<[Segment; USUAL_SEGMENTS]>,
    is_announced: bool,
}

impl Draft {
    /// A request for `operation` without arguments.
    pub fn operation(operation: Operation) -> Self {
        Self {
            header: RequestHeader { operation: operation.0, ..Request::EMPTY.header },
            buffers: Request::EMPTY.buffers,
            segments: SmallVec::new(),
            is_announced: false,
        }
    }

    /// A request for the system call `number`.
    pub fn call(number: u16, arguments: [u64; 6]) -> Self {
        let mut draft = Self::operation(Operation::CALL);
        draft.header.call = u32::from(number);
        draft.header.arguments = arguments;
        draft
    }

    /// Sets the arguments.
    pub fn arguments(&mut self, arguments: [u64; 6]) {
        self.header.arguments = arguments;
    }

    /// Changes one argument.
    pub fn set_argument(&mut self, index: usize, value: u64) {
        self.header.arguments[index] = value;
    }

    /// The arguments.
    pub fn raw_arguments(&self) -> [u64; 6] {
        self.header.arguments
    }

    /// How many more segments fit.
    pub fn room(&self) -> usize {
        MAX_SEGMENTS - self.segments.len()
    }

    /// Names a buffer: `length` bytes of which `segments` are what could be reached.
    ///
    /// # Panics
    /// When a call has more buffers than the message can name: a mistake in the table.
    pub fn buffer(&mut self, argument: u8, role: Role, direction: Direction, length: u64, segments: &[Segment]) {
        let index = self.header.buffer_count as usize;
        assert!(index < MAX_BUFFERS && segments.len() <= self.room());
        let reached: u64 = segments.iter().map(|segment| segment.length).sum();
        self.buffers[index] = BufferDescriptor {
            argument,
            role: role.0,
            direction: direction.0,
            faults: u8::from(reached < length),
            segment_count: u32::try_from(segments.len()).unwrap_or(0),
            length,
        };
        self.header.buffer_count += 1;
        self.segments.extend_from_slice(segments);
    }

    /// Names memory that Linux is to fill.
    pub fn output(&mut self, argument: u8, segments: &[Segment]) {
        let length = segments.iter().map(|segment| segment.length).sum();
        self.buffer(argument, Role::WHOLE, Direction::OUT, length, segments);
    }

    /// Names memory of the LWK itself that Linux is to read.
    pub fn input(&mut self, argument: u8, role: Role, bytes: &[u8]) {
        if bytes.is_empty() {
            return self.buffer(argument, role, Direction::IN, 0, &[]);
        }
        let segment = Segment { address: direct_map::physical_of(bytes), length: bytes.len() as u64 };
        self.buffer(argument, role, Direction::IN, bytes.len() as u64, &[segment]);
    }

    /// Whether the request must find a slot even if all others wait for something that only it can bring about.
    pub fn is_urgent(&self) -> bool {
        [Operation::INTERRUPT, Operation::EXIT].contains(&Operation(self.header.operation))
    }

    /// Whether nobody waits for its reply, but everybody until it is there.
    pub fn is_announced(&self) -> bool {
        self.is_announced
    }

    /// Whether somebody waits for its reply.
    pub fn is_waited_for(&self) -> bool {
        !self.is_announced && Operation(self.header.operation) != Operation::EXIT
    }

    /// Writes the request, whose number is `sequence`, to its slot at `place`: as much of it as counts.
    pub fn write_to(&mut self, place: GuestPhysical, sequence: u64) {
        self.header.sequence = sequence;
        let behind = |offset: usize| GuestPhysical(place.0 + offset as u64);
        direct_map::write(place, direct_map::bytes_of(&self.header));
        let buffers = &self.buffers[..self.header.buffer_count as usize];
        for (buffer, at) in buffers.iter().zip((offset_of!(Request, buffers)..).step_by(size_of::<BufferDescriptor>()))
        {
            direct_map::write(behind(at), direct_map::bytes_of(buffer));
        }
        if self.header.segment_table != 0 {
            return;
        }
        for (segment, at) in self.segments.iter().zip((offset_of!(Request, segments)..).step_by(size_of::<Segment>())) {
            direct_map::write(behind(at), direct_map::bytes_of(segment));
        }
    }

    /// How long it is worth to wait for the reply on the spot: Linux has to copy what the buffers hold.
    fn expected_microseconds(&self) -> u64 {
        let bytes: u64 = self.segments.iter().map(|segment| segment.length).sum();
        SPIN_MICROSECONDS + (bytes / BYTES_PER_MICROSECOND).min(MOST_SPIN_MICROSECONDS)
    }

    /// Says which of the terminal's signals `thread` does not want.
    fn close_signals(&mut self, thread: &Thread) {
        let blocked = thread.signals.lock().mask;
        let ignored = thread.process().ignored_terminal_signals.load(Ordering::Relaxed);
        let closed = |signal, bit| if blocked.contains(signal) { bit } else { 0 };
        self.header.closed_signals = ignored | closed(Signal::TTIN, CLOSED_TTIN) | closed(Signal::TTOU, CLOSED_TTOU);
    }

    /// Names the caller, and where the segments are if they do not fit into the request.
    fn finish(&mut self, process: &Process, thread: u32) {
        self.header.process = process.pid();
        self.header.thread = thread;
        self.header.segment_count = u32::try_from(self.segments.len()).unwrap_or(0);
        if self.segments.len() > INLINE_SEGMENTS {
            self.header.segment_table = direct_map::physical_of(self.segments.as_slice()).0;
        }
    }
}

/// Sends a request that nothing interrupts and waits for its reply.
pub fn send(mut draft: Draft) -> Reply {
    exchange(&mut draft, false)
}

/// A request that has been sent, and whose reply is waited for later.
#[must_use = "its reply has to be taken"]
pub struct Sent {
    published: Option<Published>,
    patience: u64,
}

/// Sends a request that nothing interrupts, and does not wait.
pub fn begin(mut draft: Draft) -> Sent {
    let thread = current::thread();
    draft.close_signals(thread);
    draft.finish(thread.process(), thread.tid());
    Sent { published: publish(thread.process(), &mut draft), patience: draft.expected_microseconds() }
}

impl Sent {
    /// Waits for the reply; the caller is the thread that sent the request.
    pub fn finish(self) -> Reply {
        let thread = current::thread();
        let Self { published, patience } = self;
        wait(thread.process(), published, false, patience)
    }
}

/// Sends a request for `process`, which need not be the caller's, and waits for its reply.
pub fn send_for(process: &Arc<Process>, mut draft: Draft) -> Reply {
    draft.finish(process, process.pid());
    exchange_with(process, &mut draft, false)
}

/// Sends a request to which there is no reply.
pub fn send_last(mut draft: Draft) {
    let thread = current::thread();
    let process = thread.process();
    draft.finish(process, thread.tid());
    if !process.is_gone() {
        publish(process, &mut draft);
    }
}

/// Sends a request whose reply nobody needs. It is done before anything else that the process asks for.
pub fn announce(mut draft: Draft) {
    if !boot::may_spin() {
        // Whoever asks next would use up the time that the agent needs.
        send(draft);
        return;
    }
    let thread = current::thread();
    let process = thread.process();
    draft.finish(process, thread.tid());
    draft.is_announced = true;
    publish(process, &mut draft);
}

/// Sends a request and waits for its reply; if it is `interruptible`, a signal for the caller interrupts it.
pub fn exchange(draft: &mut Draft, interruptible: bool) -> Reply {
    let thread = current::thread();
    draft.close_signals(thread);
    draft.finish(thread.process(), thread.tid());
    exchange_with(thread.process(), draft, interruptible)
}

fn exchange_with(process: &Arc<Process>, draft: &mut Draft, interruptible: bool) -> Reply {
    let patience = draft.expected_microseconds();
    current::thread().spent.in_system(|| wait(process, publish(process, draft), interruptible, patience))
}

/// Waits for the reply to what was published, if anything was.
fn wait(process: &Arc<Process>, published: Option<Published>, interruptible: bool, patience: u64) -> Reply {
    let thread = current::thread();
    let wait = published.map(|published| Wait { process, published, interruptible, interrupt: None, thread, patience });
    wait.map_or(NO_REPLY, Wait::finish)
}

/// What a request comes to whose proxy is no more: the process ends before it sees this.
const NO_REPLY: Reply = Reply {
    sequence: 0,
    result: -(linux_raw_sys::errno::EINTR as i64),
    signal: 0,
    interrupted: 1,
    values: [0; 4],
    reserved: 0,
};

/// Publishes on the queue of `process`, waiting for a free slot if need be. `None` if its proxy is no more.
fn publish(process: &Process, draft: &mut Draft) -> Option<Published> {
    loop {
        if process.is_gone() {
            return None;
        }
        draft.header.vcpu = u32::try_from(current::vcpu()).unwrap_or(0);
        let (published, woken) = process.requests.lock().publish(draft);
        woken.iter().for_each(schedule::unpark);
        if let Some(published) = published {
            if published.kick {
                board::ring(process.place());
            }
            return Some(published);
        }
        board::collect_for(process);
        schedule::give_way();
    }
}

/// One caller's wait for one reply.
struct Wait<'a> {
    process: &'a Arc<Process>,
    published: Published,
    interruptible: bool,
    /// The request to interrupt this one, once it has been sent.
    interrupt: Option<Published>,
    thread: &'static Thread,
    /// How long to look for the reply before another thread runs or the vCPU halts, in microseconds.
    patience: u64,
}

impl Wait<'_> {
    fn finish(mut self) -> Reply {
        let reply = loop {
            if let Some(reply) = self.spin() {
                break reply;
            }
            if self.process.is_gone() {
                return NO_REPLY;
            }
            self.sleep();
        };
        if let Some(published) = self.interrupt {
            Self { published, interruptible: false, interrupt: None, ..self }.finish();
        }
        reply
    }

    /// Looks for the reply for a while.
    fn spin(&mut self) -> Option<Reply> {
        schedule::look();
        let reply = self.look_for_reply();
        schedule::look_away();
        reply
    }

    fn look_for_reply(&mut self) -> Option<Reply> {
        let ticks = |microseconds: u64| microseconds * u64::from(boot::page().tsc_khz) / 1000;
        let limit = if boot::may_spin() { ticks(self.patience) } else { 0 };
        let shared_limit = limit.min(ticks(SHARED_SPIN_MICROSECONDS));
        let start = time::ticks();
        let mut spins = 0_u32;
        loop {
            if self.is_answered_soon() {
                let reply = self.process.requests.lock().take_reply(&self.published);
                return reply.or(Some(NO_REPLY));
            }
            spins += 1;
            if spins.is_multiple_of(EVENT_CHECK_SPINS) {
                schedule::poll();
                self.look_for_signals();
            }
            let waited = time::ticks().wrapping_sub(start);
            if waited >= limit || waited >= shared_limit && schedule::others_wait() {
                return None;
            }
        }
    }

    /// Looks a few times: the clock takes longer to read than the reply's line.
    fn is_answered_soon(&self) -> bool {
        (0..LOOKS).any(|_| {
            let is_answered = self.published.is_answered();
            if !is_answered {
                core::hint::spin_loop();
            }
            is_answered
        })
    }

    /// Waits for the reply, or for a signal, as another thread runs.
    fn sleep(&mut self) {
        schedule::poll();
        self.look_for_signals();
        let (ready, woken) = self.process.requests.lock().wait_for(&self.published, self.thread.arc());
        woken.iter().for_each(schedule::unpark);
        // Whoever says that the proxy is gone says so before it looks who waits.
        if !ready && !self.process.is_gone() {
            schedule::park(None);
        }
    }

    /// Asks the agent to interrupt the call if a signal wants to be delivered.
    fn look_for_signals(&mut self) {
        if !self.interruptible || self.interrupt.is_some() || !self.thread.has_deliverable_signal() {
            return;
        }
        let mut draft = Draft::operation(Operation::INTERRUPT);
        draft.arguments([self.published.sequence, 0, 0, 0, 0, 0]);
        draft.finish(self.process, self.thread.tid());
        self.interrupt = publish(self.process, &mut draft);
    }
}

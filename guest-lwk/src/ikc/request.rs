//! Asking Linux: a request is drafted, published on the process's own queue, and waited for.
//!
//! Whoever waits spins as long as a reply is likely to come soon, then halts until the device interrupts. A signal that
//! may be delivered cuts the wait short: the agent is asked to interrupt the call, and its answer says which came first.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::Ordering;

use lwk_core::signal::Signal;
use virtio_ikc::message::{
    BufferDescriptor, CLOSED_TTIN, CLOSED_TTOU, Direction, INLINE_SEGMENTS, MAX_BUFFERS, MAX_SEGMENTS, Operation,
    Reply, Request, Role, Segment,
};

use super::board;
use crate::arch::{boot, current, direct_map, time};
use crate::process::process::Process;
use crate::process::thread::Thread;
use crate::schedule;

/// How long a reply is spun for, in microseconds.
const SPIN_MICROSECONDS: u64 = 100;
/// What Linux copies at least in a microsecond, on a slow day.
const BYTES_PER_MICROSECOND: u64 = 2048;
/// The most that is added for it.
const MOST_SPIN_MICROSECONDS: u64 = 800;
/// How often a spinning waiter looks for events.
const EVENT_CHECK_SPINS: u32 = 64;

/// A request in the making.
pub struct Draft {
    request: Request,
    segments: Vec<Segment>,
}

impl Draft {
    /// A request for `operation` without arguments.
    pub fn operation(operation: Operation) -> Self {
        let mut request = Request::EMPTY;
        request.header.operation = operation.0;
        Self { request, segments: Vec::new() }
    }

    /// A request for the system call `number`.
    pub fn call(number: u16, arguments: [u64; 6]) -> Self {
        let mut draft = Self::operation(Operation::CALL);
        draft.request.header.call = u32::from(number);
        draft.request.header.arguments = arguments;
        draft
    }

    /// Sets the arguments.
    pub fn arguments(&mut self, arguments: [u64; 6]) {
        self.request.header.arguments = arguments;
    }

    /// Changes one argument.
    pub fn set_argument(&mut self, index: usize, value: u64) {
        self.request.header.arguments[index] = value;
    }

    /// The arguments.
    pub fn raw_arguments(&self) -> [u64; 6] {
        self.request.header.arguments
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
        let index = self.request.header.buffer_count as usize;
        assert!(index < MAX_BUFFERS && segments.len() <= self.room());
        let reached: u64 = segments.iter().map(|segment| segment.length).sum();
        self.request.buffers[index] = BufferDescriptor {
            argument,
            role: role.0,
            direction: direction.0,
            faults: u8::from(reached < length),
            segment_count: u32::try_from(segments.len()).unwrap_or(0),
            length,
        };
        self.request.header.buffer_count += 1;
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
        self.request.header.closed_signals =
            ignored | closed(Signal::TTIN, CLOSED_TTIN) | closed(Signal::TTOU, CLOSED_TTOU);
    }

    /// Names the caller, and puts the segments where the agent finds them.
    fn finish(&mut self, process: &Process, thread: u32) {
        let header = &mut self.request.header;
        header.process = process.pid();
        header.thread = thread;
        header.segment_count = u32::try_from(self.segments.len()).unwrap_or(0);
        if self.segments.len() <= INLINE_SEGMENTS {
            self.request.segments[..self.segments.len()].copy_from_slice(&self.segments);
        } else {
            header.segment_table = direct_map::physical_of(self.segments.as_slice()).0;
        }
    }
}

/// Sends a request that nothing interrupts and waits for its reply.
pub fn send(draft: Draft) -> Reply {
    exchange(draft, false)
}

/// Sends a request that a signal for the caller interrupts, and waits for its reply.
pub fn send_interruptible(draft: Draft) -> Reply {
    exchange(draft, true)
}

/// Sends a request for `process`, which need not be the caller's, and waits for its reply.
pub fn send_for(process: &Arc<Process>, mut draft: Draft) -> Reply {
    draft.finish(process, process.pid());
    exchange_with(process, draft, false)
}

/// Sends a request to which there is no reply.
pub fn send_last(mut draft: Draft) {
    let thread = current::thread();
    let process = thread.process();
    draft.finish(process, thread.tid());
    if !process.is_gone() {
        publish(process, &mut draft.request);
    }
}

fn exchange(mut draft: Draft, interruptible: bool) -> Reply {
    let thread = current::thread();
    draft.close_signals(thread);
    draft.finish(thread.process(), thread.tid());
    exchange_with(thread.process(), draft, interruptible)
}

fn exchange_with(process: &Arc<Process>, mut draft: Draft, interruptible: bool) -> Reply {
    let thread = current::thread();
    let began = thread.ticks();
    let patience = draft.expected_microseconds();
    let reply = match publish(process, &mut draft.request) {
        Some((slot, sequence)) => {
            Wait { process, slot, sequence, interruptible, interrupt: None, thread, patience }.finish()
        }
        None => NO_REPLY,
    };
    thread.add_waited(thread.ticks().saturating_sub(began));
    reply
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
fn publish(process: &Process, request: &mut Request) -> Option<(u16, u64)> {
    loop {
        if process.is_gone() {
            return None;
        }
        request.header.vcpu = u32::try_from(current::vcpu()).unwrap_or(0);
        let published = process.requests.lock().publish(request);
        if let Some((slot, sequence, kick)) = published {
            if kick {
                board::ring(process.place());
            }
            return Some((slot, sequence));
        }
        board::collect_for(process);
        schedule::give_way();
    }
}

/// One caller's wait for one reply.
struct Wait<'a> {
    process: &'a Arc<Process>,
    slot: u16,
    sequence: u64,
    interruptible: bool,
    /// The slot of the request to interrupt this one, once it has been sent.
    interrupt: Option<u16>,
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
        if let Some(slot) = self.interrupt {
            Self { slot, interruptible: false, interrupt: None, ..self }.finish();
        }
        reply
    }

    fn take(&self) -> Option<Reply> {
        let mut queue = self.process.requests.lock();
        let woken = if queue.has_replies() { queue.collect() } else { Vec::new() };
        let reply = queue.take_reply(self.slot);
        drop(queue);
        for thread in woken.iter().filter(|thread| !core::ptr::eq(Arc::as_ptr(thread), self.thread)) {
            schedule::unpark(thread);
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
        let limit = if boot::may_spin() { self.patience * u64::from(boot::page().tsc_khz) / 1000 } else { 0 };
        let start = time::ticks();
        let mut spins = 0_u32;
        loop {
            let reply = self.take();
            if reply.is_some() {
                return reply;
            }
            spins += 1;
            if spins.is_multiple_of(EVENT_CHECK_SPINS) {
                schedule::poll();
                self.look_for_signals();
            }
            if time::ticks().wrapping_sub(start) >= limit || schedule::others_wait() {
                return None;
            }
            core::hint::spin_loop();
        }
    }

    /// Waits for the reply, or for a signal, as another thread runs.
    fn sleep(&mut self) {
        schedule::poll();
        self.look_for_signals();
        let ready = self.process.requests.lock().wait_for(self.slot, self.thread.arc());
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
        draft.arguments([self.sequence, 0, 0, 0, 0, 0]);
        draft.finish(self.process, self.thread.tid());
        self.interrupt = publish(self.process, &mut draft.request).map(|published| published.0);
    }
}

//! Asking Linux: a request is drafted, published on the vCPU's own queue, and waited for.
//!
//! Whoever waits spins as long as a reply is likely to come soon, then halts until the device interrupts. A signal that
//! may be delivered cuts the wait short: the agent is asked to interrupt the call, and its answer says which came first.

use alloc::vec::Vec;

use spin::{Mutex, RwLock};
use virtio_ikc::device::FIRST_REQUEST_QUEUE;
use virtio_ikc::message::{
    BufferDescriptor, Direction, INLINE_SEGMENTS, MAX_BUFFERS, MAX_SEGMENTS, Operation, Reply, Request, Role, Segment,
};

use super::device::{self, Parts};
use super::events;
use super::queue::RequestQueue;
use crate::arch::{boot, current, direct_map, privileged, time};
use crate::process::thread::Thread;
use crate::statistics;

/// How long a reply is spun for, in microseconds.
const SPIN_MICROSECONDS: u64 = 100;
/// How often a spinning waiter looks for events.
const EVENT_CHECK_SPINS: u32 = 64;

static QUEUES: RwLock<Vec<Mutex<RequestQueue>>> = RwLock::new(Vec::new());

/// Makes the queue of `vcpu`; answers its index and where its parts lie.
pub(super) fn add_queue(vcpu: usize) -> (u16, Parts) {
    let index = FIRST_REQUEST_QUEUE + u16::try_from(vcpu).unwrap_or(0);
    let queue = RequestQueue::new(index);
    let parts = queue.parts();
    QUEUES.write().push(Mutex::new(queue));
    (index, parts)
}

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

    /// One of the arguments.
    pub fn argument(&self, index: usize) -> u64 {
        self.request.header.arguments[index]
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
        let segment = Segment { address: direct_map::physical_of(bytes), length: bytes.len() as u64 };
        let segments = if bytes.is_empty() { &[][..] } else { core::slice::from_ref(&segment) };
        self.buffer(argument, role, Direction::IN, bytes.len() as u64, segments);
    }

    /// Puts the segments where the agent finds them.
    fn finish(&mut self, thread: &Thread) {
        let header = &mut self.request.header;
        header.process = thread.process().pid();
        header.thread = thread.tid();
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

/// Sends a request to which there is no reply.
pub fn send_last(mut draft: Draft) -> ! {
    draft.finish(current::thread());
    publish(current::vcpu(), &mut draft.request);
    loop {
        privileged::take_pending();
        privileged::halt();
    }
}

fn exchange(mut draft: Draft, interruptible: bool) -> Reply {
    let thread = current::thread();
    draft.finish(thread);
    let vcpu = current::vcpu();
    let (slot, sequence) = publish(vcpu, &mut draft.request);
    Wait { vcpu, slot, sequence, interruptible, interrupt: None, thread }.finish()
}

/// Publishes on the queue of `vcpu`, waiting for a free slot if need be.
fn publish(vcpu: usize, request: &mut Request) -> (u16, u64) {
    loop {
        let queues = QUEUES.read();
        let mut queue = queues[vcpu].lock();
        let index = queue.index();
        if let Some((slot, sequence, kick)) = queue.publish(request) {
            drop(queue);
            if kick {
                statistics::doorbell();
                device::ring_doorbell(index);
            }
            return (slot, sequence);
        }
        drop(queue);
        core::hint::spin_loop();
    }
}

/// One caller's wait for one reply.
struct Wait {
    vcpu: usize,
    slot: u16,
    sequence: u64,
    interruptible: bool,
    /// The slot of the request to interrupt this one, once it has been sent.
    interrupt: Option<u16>,
    thread: &'static Thread,
}

impl Wait {
    fn finish(mut self) -> Reply {
        let reply = loop {
            if let Some(reply) = self.spin() {
                break reply;
            }
            if let Some(reply) = self.sleep() {
                break reply;
            }
        };
        if let Some(slot) = self.interrupt {
            Self { slot, interruptible: false, interrupt: None, ..self }.finish();
        }
        reply
    }

    fn take(&self) -> Option<Reply> {
        QUEUES.read()[self.vcpu].lock().take_reply(self.slot)
    }

    /// Looks for the reply for a while.
    fn spin(&mut self) -> Option<Reply> {
        let limit = if boot::may_spin() { SPIN_MICROSECONDS * u64::from(boot::page().tsc_khz) / 1000 } else { 0 };
        let start = time::ticks();
        let mut spins = 0_u32;
        loop {
            let reply = self.take();
            if reply.is_some() {
                return reply;
            }
            spins += 1;
            if spins.is_multiple_of(EVENT_CHECK_SPINS) {
                self.look_for_signals();
            }
            if time::ticks().wrapping_sub(start) >= limit {
                return None;
            }
            core::hint::spin_loop();
        }
    }

    /// Halts until the device interrupts.
    fn sleep(&mut self) -> Option<Reply> {
        privileged::take_pending();
        self.look_for_signals();
        let ready = QUEUES.read()[self.vcpu].lock().wait_armed();
        if !ready {
            statistics::halt();
            privileged::halt();
            QUEUES.read()[self.vcpu].lock().disarm();
        }
        self.take()
    }

    /// Asks the agent to interrupt the call if a signal wants to be delivered.
    fn look_for_signals(&mut self) {
        events::poll();
        if !self.interruptible || self.interrupt.is_some() || !self.thread.has_deliverable_signal() {
            return;
        }
        let mut draft = Draft::operation(Operation::INTERRUPT);
        let queue = u64::from(FIRST_REQUEST_QUEUE) + self.vcpu as u64;
        draft.arguments([self.sequence, queue, 0, 0, 0, 0]);
        draft.finish(self.thread);
        self.interrupt = Some(publish(self.vcpu, &mut draft.request).0);
    }
}

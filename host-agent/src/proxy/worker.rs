//! A worker: takes requests, executes them, answers.

use std::io;
use std::os::fd::AsFd;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use virtio_ikc::address::GuestPhysical;
use virtio_ikc::message::{Operation, Reply};
use virtio_ikc::ring::Watch;

use super::crew::{Absence, Rest};
use super::queues::{Queues, SharedQueue, Taken};
use super::{Proxy, Turn};
use crate::arch::{INTERRUPTED, SignalSet, block_all_but};
use crate::execute::{Answer, Executor};
use crate::memory::{Partition, RingMemory, Scratch};
use crate::request::{GuestMemory, Kind, Parsed, RequestCopy, Violation, parse};

/// How long a watcher polls after the last request before it rests.
const SPIN: Duration = Duration::from_millis(1);
/// How many looks at the queues are between two looks at the clock.
const LOOKS: u32 = 64;
#[expect(clippy::cast_possible_truncation, reason = "it is 64")]
const REPLY_LENGTH: u32 = size_of::<Reply>() as u32;
/// Bytes of a worker's stack.
const STACK_BYTES: usize = 256 << 10;

/// One worker.
#[derive(Debug)]
struct Worker {
    queues: &'static Queues,
    may_spin: bool,
    copy: RequestCopy,
    watches: Vec<Watch<RingMemory>>,
    executor: Executor,
}

/// Starts a worker on a thread of its own; it watches at once.
///
/// # Errors
/// Those of mmap(2) and clone(2).
pub(crate) fn start(proxy: &'static Proxy, queues: &'static Queues, may_spin: bool) -> io::Result<()> {
    let turn = proxy.crew.enlist();
    let started = Worker::new(proxy, queues, may_spin, turn).and_then(|worker| {
        thread::Builder::new().stack_size(STACK_BYTES).spawn(move || worker.run())?;
        Ok(())
    });
    if started.is_err() {
        proxy.crew.dismiss(turn);
    }
    started
}

impl Worker {
    fn new(proxy: &'static Proxy, queues: &'static Queues, may_spin: bool, turn: &'static Turn) -> io::Result<Self> {
        let executor = Executor { proxy, scratch: Scratch::new()?, turn, credentials: 0 };
        let watches = queues.requests.iter().map(SharedQueue::watch).collect();
        Ok(Self { queues, may_spin, copy: RequestCopy::default(), watches, executor })
    }

    fn run(mut self) {
        self.executor.turn.adopt();
        block_all_but(SignalSet::INTERRUPT.with(SignalSet::TERMINAL));
        loop {
            if let Err(violation) = self.watch() {
                self.executor.proxy.fail(&violation);
            }
            self.rest();
        }
    }

    /// Executes requests until there have been none for a while.
    fn watch(&mut self) -> Result<(), Violation> {
        let mut last = Instant::now();
        let mut looks: u32 = 0;
        loop {
            if self.serve()? {
                looks = 0;
                continue;
            }
            if !self.may_spin || self.executor.proxy.crew.has_too_many() {
                return Ok(());
            }
            if looks == 0 {
                last = Instant::now();
            } else if looks.is_multiple_of(LOOKS) && last.elapsed() > SPIN {
                return Ok(());
            }
            looks = looks.wrapping_add(1).max(1);
            std::hint::spin_loop();
        }
    }

    /// Looks at every queue once. Whether there was a request.
    fn serve(&mut self) -> Result<bool, Violation> {
        let mut found = false;
        for (index, queue) in self.queues.requests.iter().enumerate() {
            if !self.watches[index].is_ready() {
                continue;
            }
            let (taken, watch) = queue.take(self.executor.turn)?;
            self.watches[index] = watch;
            if let Some(taken) = taken {
                self.handle(queue, taken)?;
                found = true;
            }
        }
        Ok(found)
    }

    fn handle(&mut self, queue: &'static SharedQueue, taken: Taken) -> Result<(), Violation> {
        let Self { executor, copy, queues, may_spin, .. } = self;
        let proxy = executor.proxy;
        copy.take(&proxy.memory, taken.blocks.request)?;
        let request = parse(copy, &proxy.memory)?;
        check_names(proxy, &request, taken.sequence)?;
        let waits = may_wait(&request);
        let answer = if waits && taken.interrupted {
            Ok(Answer::from(INTERRUPTED))
        } else if waits {
            cover(proxy, queues, *may_spin);
            let answer = executor.execute(&request);
            proxy.crew.come_back(queues);
            answer
        } else {
            executor.execute(&request)
        };
        let interrupted = executor.turn.end() || taken.interrupted;
        reply(proxy, queue, taken, &answer?, waits && interrupted)
    }

    fn rest(&mut self) {
        let proxy = self.executor.proxy;
        if proxy.crew.rest(self.queues) == Rest::Standby {
            wait_for_doorbell(proxy);
            proxy.crew.wake(self.queues);
        }
    }
}

/// Whether a request can take long: its execution waits for something that another must do.
fn may_wait(request: &Parsed<'_>) -> bool {
    match request.kind {
        Kind::Call(row) => row.may_wait(),
        Kind::Operation(operation) => matches!(
            operation,
            Operation::STOP | Operation::WINDOW_MAP | Operation::WINDOW_UNMAP | Operation::WINDOW_SYNC
        ),
    }
}

/// Sees to it that somebody looks at the queues while the caller waits.
fn cover(proxy: &'static Proxy, queues: &'static Queues, may_spin: bool) {
    match proxy.crew.depart(queues) {
        Absence::Covered => {}
        Absence::Ring => ring(proxy),
        // Without another thread the request is executed all the same; the next ones wait for it.
        Absence::Alone => drop(start(proxy, queues, may_spin)),
    }
}

/// The request's number must be the next of its queue, and its process and thread must have a proxy.
fn check_names(proxy: &Proxy, request: &Parsed<'_>, sequence: u64) -> Result<(), Violation> {
    let Parsed { process, thread, .. } = *request;
    if request.sequence != sequence {
        return Err(Violation::Sequence { found: request.sequence, expected: sequence });
    }
    // A process has one thread as yet, whose number is the process's.
    if process != proxy.process || thread != proxy.process {
        return Err(Violation::Process { process, thread });
    }
    Ok(())
}

fn reply(
    proxy: &Proxy,
    queue: &SharedQueue,
    taken: Taken,
    answer: &Answer,
    interrupted: bool,
) -> Result<(), Violation> {
    let address = taken.blocks.reply;
    let interrupted = interrupted && answer.result == INTERRUPTED;
    let bytes = bytes_of(&Reply {
        sequence: taken.sequence,
        result: answer.result,
        signal: answer.signal,
        interrupted: interrupted.into(),
        values: answer.values,
        reserved: 0,
    });
    proxy.memory.write(address, &bytes).map_err(|_| Violation::BlockOutside(address.as_u64()))?;
    proxy.counters.requests.fetch_add(1, Ordering::Relaxed);
    if queue.complete(taken.head, REPLY_LENGTH)? {
        interrupt_driver(proxy, queue.index);
    }
    Ok(())
}

/// Interrupts the vCPU of a queue.
pub(super) fn interrupt_driver(proxy: &Proxy, queue: u16) {
    let Some(interrupt) = proxy.interrupts.get(usize::from(queue)) else { return };
    // Should the counter be full, the interrupt is under way already.
    let _ = rustix::io::write(interrupt, &1_u64.to_ne_bytes());
    proxy.counters.interrupts.fetch_add(1, Ordering::Relaxed);
}

fn ring(proxy: &Proxy) {
    // Should the counter be full, the standby is being woken already.
    let _ = rustix::io::write(&proxy.doorbell, &1_u64.to_ne_bytes());
}

fn wait_for_doorbell(proxy: &Proxy) {
    let mut count = [0; 8];
    while let Err(rustix::io::Errno::AGAIN) =
        rustix::io::retry_on_intr(|| rustix::io::read(&proxy.doorbell, &mut count))
    {
        // The descriptor does not block; its flags are the VMM's.
        let mut wanted = [PollFd::from_borrowed_fd(proxy.doorbell.as_fd(), PollFlags::IN)];
        let _ = poll(&mut wanted, None);
    }
    proxy.counters.wakeups.fetch_add(1, Ordering::Relaxed);
}

fn bytes_of(reply: &Reply) -> [u8; size_of::<Reply>()] {
    let mut bytes = [0; size_of::<Reply>()];
    let words = [
        reply.sequence,
        reply.result.cast_unsigned(),
        u64::from(reply.signal) | u64::from(reply.interrupted) << 32,
        reply.values[0],
        reply.values[1],
        reply.values[2],
        reply.values[3],
    ];
    for (place, word) in bytes.chunks_exact_mut(8).zip(words) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

impl GuestMemory for Partition {
    fn read(&self, address: GuestPhysical, into: &mut [u8]) -> Result<(), ()> {
        Self::read(self, address, into).map_err(drop)
    }

    fn contains(&self, address: GuestPhysical, length: u64) -> bool {
        self.check(address, length).is_some()
    }
}

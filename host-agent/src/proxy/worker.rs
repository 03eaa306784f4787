//! A worker: takes requests, executes them, answers.

use std::io;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use virtio_ikc::address::GuestPhysical;
use virtio_ikc::message::{Operation, Reply};
use virtio_ikc::ring::Watch;

use super::crew::{Absence, Rest};
use super::queues::{Queues, RequestQueue, Taken};
use super::roster::Ticket;
use super::{Proxy, Turn};
use crate::arch::{INTERRUPTED, SignalSet, block_all_but, start_small_thread};
use crate::execute::{Afterwards, Answer, Attempted, Executor, Unwilling};
use crate::memory::{Partition, RingMemory, Scratch};
use crate::request::{GuestMemory, Kind, Parsed, RequestCopy, Violation, parse};

/// How long a watcher polls after the last request before it rests.
const SPIN: Duration = Duration::from_millis(1);
/// How many looks at the queue are between two looks at the clock and at what other processes are to be woken for.
const LOOKS: u32 = 64;
/// How many looks, some tens of microseconds of them, are between two chances for others: another proxy may have work and wait for this
/// very processor, which Linux would let it do for milliseconds, and then go on to poll in this one's place.
const LOOKS_AT_A_STRETCH: u32 = 20 * LOOKS;
#[expect(clippy::cast_possible_truncation, reason = "it is 64")]
const REPLY_LENGTH: u32 = size_of::<Reply>() as u32;
/// Bytes of a worker's stack.
const STACK_BYTES: usize = 256 << 10;

/// One worker.
#[derive(Debug)]
struct Worker {
    queue: &'static RequestQueue,
    copy: RequestCopy,
    watch: Watch<RingMemory>,
    /// Its right to poll, if it has it.
    ticket: Option<Ticket>,
    executor: Executor,
}

/// Starts a worker on a thread of its own; it watches at once. Before the queues are known there is none.
///
/// # Errors
/// Those of mmap(2) and clone(2).
pub(crate) fn start(proxy: &'static Proxy) -> io::Result<()> {
    let Some(Queues { requests, .. }) = proxy.queues.get() else { return Ok(()) };
    let turn = proxy.crew.enlist();
    let started = Worker::new(proxy, requests, turn)
        .and_then(|worker| start_small_thread(STACK_BYTES, Box::new(move || worker.run())));
    if started.is_err() {
        proxy.crew.dismiss(turn);
    }
    started
}

impl Worker {
    fn new(proxy: &'static Proxy, queue: &'static RequestQueue, turn: &'static Turn) -> io::Result<Self> {
        let executor = Executor {
            proxy,
            scratch: Scratch::new()?,
            turn,
            credentials: 0,
            way: None,
            closed_signals: 0,
            unwilling: Unwilling::default(),
            afterwards: None,
        };
        Ok(Self { queue, copy: RequestCopy::default(), watch: queue.watch(), ticket: None, executor })
    }

    fn run(mut self) -> ! {
        self.executor.turn.adopt();
        block_all_but(SignalSet::INTERRUPT.with(SignalSet::TERMINAL));
        loop {
            if let Err(violation) = self.serve_until_idle() {
                self.executor.proxy.fail(&violation);
            }
            self.stop_polling();
            self.rest();
        }
    }

    /// Executes requests until there have been none for a while.
    fn serve_until_idle(&mut self) -> Result<(), Violation> {
        let mut last = Instant::now();
        let mut looks: u32 = 0;
        loop {
            if self.serve()? {
                looks = 0;
                continue;
            }
            if !self.may_poll() {
                return Ok(());
            }
            looks += 1;
            if looks == 1 {
                last = Instant::now();
            } else if looks.is_multiple_of(LOOKS) {
                if last.elapsed() > SPIN {
                    return Ok(());
                }
                self.pass_doorbells();
            }
            if looks.is_multiple_of(LOOKS_AT_A_STRETCH) {
                self.stop_polling();
                thread::yield_now();
            }
            std::hint::spin_loop();
        }
    }

    fn may_poll(&mut self) -> bool {
        let Proxy { may_spin, wires, place, .. } = self.executor.proxy;
        if self.ticket.is_none() && *may_spin {
            self.ticket = wires.roster.take_ticket(*place);
        }
        self.ticket.is_some()
    }

    fn stop_polling(&mut self) {
        return_ticket(&mut self.ticket, self.executor.proxy);
    }

    /// Wakes other proxies in the ringer's place: it may be waiting for the very processor that is used up here.
    fn pass_doorbells(&self) {
        let Proxy { wires, place, .. } = self.executor.proxy;
        let mut rang = false;
        wires.board.take(|other| {
            if other != *place {
                wires.roster.ring(other);
                rang = true;
            }
        });
        if rang {
            thread::yield_now();
        }
    }

    /// Looks at the queue once. Whether there was a request.
    fn serve(&mut self) -> Result<bool, Violation> {
        if !self.watch.is_ready() {
            return Ok(false);
        }
        let (taken, watch) = self.queue.take(self.executor.turn)?;
        self.watch = watch;
        let Some(taken) = taken else { return Ok(false) };
        self.handle(taken)?;
        Ok(true)
    }

    fn handle(&mut self, taken: Taken) -> Result<(), Violation> {
        let proxy = self.executor.proxy;
        self.copy.take(proxy.memory, taken.blocks.request)?;
        let request = parse(&self.copy, proxy.memory)?;
        check_names(proxy, &request, taken.sequence)?;
        let vcpu = request.vcpu;
        let waits = may_wait(&request);
        let leaves = waits || takes_long(&request);
        if waits && taken.interrupted {
            self.executor.turn.begin_late();
        }
        if leaves {
            // Whom this call wakes may be the one who is asked next.
            return_ticket(&mut self.ticket, proxy);
        }
        let attempted = if waits { self.executor.attempt(&request)? } else { Attempted::Nothing };
        let answer = if let Attempted::Done(answer) = attempted {
            Ok(answer)
        } else if leaves {
            cover(proxy, self.queue);
            let answer = match attempted {
                Attempted::Begun(moved) => self.executor.go_on(&request, moved),
                _ => self.executor.execute(&request),
            };
            proxy.crew.come_back(self.queue);
            answer
        } else {
            self.executor.execute(&request)
        };
        let interrupted = self.executor.turn.end();
        reply(proxy, self.queue, taken, vcpu, &answer?, waits && interrupted)?;
        self.finish();
        Ok(())
    }

    /// What is to be done when the reply is out.
    fn finish(&mut self) {
        let Some(afterwards) = self.executor.afterwards.take() else { return };
        let proxy = self.executor.proxy;
        match afterwards {
            Afterwards::Introduce(child) => child.introduce(&proxy.wires.roster),
            Afterwards::Refill => {
                cover(proxy, self.queue);
                proxy.stand_ins.refill(proxy, self.executor.credentials);
                proxy.crew.come_back(self.queue);
            }
        }
    }

    fn rest(&mut self) {
        let Proxy { crew, wires, place, .. } = self.executor.proxy;
        if let Rest::Standby(bell) = crew.rest(self.queue, || wires.roster.bell(*place)) {
            wires.roster.sleep(*place, bell);
            wires.roster.counters.wakeups.fetch_add(1, Ordering::Relaxed);
            crew.wake(self.queue);
        }
    }
}

/// Gives up the right to poll.
fn return_ticket(ticket: &mut Option<Ticket>, proxy: &Proxy) {
    if let Some(ticket) = ticket.take() {
        proxy.wires.roster.return_ticket(ticket);
    }
}

/// Whether a request's execution waits for something that another must do, so that it can be interrupted.
fn may_wait(request: &Parsed<'_>) -> bool {
    match request.kind {
        Kind::Call(row) => row.may_wait(),
        Kind::Operation(operation) => matches!(
            operation,
            Operation::STOP | Operation::WINDOW_MAP | Operation::WINDOW_UNMAP | Operation::WINDOW_SYNC
        ),
    }
}

/// Whether it takes long although it waits for nobody.
fn takes_long(request: &Parsed<'_>) -> bool {
    matches!(request.kind, Kind::Operation(Operation::FORK))
}

/// Sees to it that somebody looks at the queue while the caller does not.
fn cover(proxy: &'static Proxy, queue: &RequestQueue) {
    match proxy.crew.depart(queue) {
        Absence::Covered => {}
        Absence::Ring => proxy.wires.roster.ring(proxy.place),
        // Without another thread the request is executed all the same; the next ones wait for it.
        Absence::Alone => drop(start(proxy)),
    }
}

/// The request's number must be the next of its queue, its process and thread those of the proxy, its vCPU one that there is.
fn check_names(proxy: &Proxy, request: &Parsed<'_>, sequence: u64) -> Result<(), Violation> {
    let Parsed { process, thread, vcpu, .. } = *request;
    if request.sequence != sequence {
        return Err(Violation::Sequence { found: request.sequence, expected: sequence });
    }
    if process != proxy.process || !proxy.has_thread(thread) {
        return Err(Violation::Process { process, thread });
    }
    if proxy.wires.has_vcpu(vcpu) { Ok(()) } else { Err(Violation::Vcpu(vcpu)) }
}

fn reply(
    proxy: &Proxy,
    queue: &RequestQueue,
    taken: Taken,
    vcpu: u32,
    answer: &Answer,
    interrupted: bool,
) -> Result<(), Violation> {
    let address = taken.blocks.reply;
    let interrupted = interrupted && answer.result == INTERRUPTED;
    let words = words_of(&Reply {
        sequence: taken.sequence,
        result: answer.result,
        signal: answer.signal,
        interrupted: interrupted.into(),
        values: answer.values,
        reserved: 0,
    });
    proxy.memory.write_reply(address, &words).map_err(|_| Violation::BlockOutside(address.as_u64()))?;
    proxy.wires.roster.counters.requests.fetch_add(1, Ordering::Relaxed);
    if queue.complete(taken.head, REPLY_LENGTH)? {
        proxy.wires.interrupt(proxy.place, vcpu);
    }
    Ok(())
}

fn words_of(reply: &Reply) -> [u64; size_of::<Reply>() / 8] {
    let [first, second, third, fourth] = reply.values;
    let signal = u64::from(reply.signal) | u64::from(reply.interrupted) << 32;
    [reply.sequence, reply.result.cast_unsigned(), signal, first, second, third, fourth, reply.reserved]
}

impl GuestMemory for Partition {
    fn read(&self, address: GuestPhysical, into: &mut [u8]) -> Result<(), ()> {
        Self::read(self, address, into).map_err(drop)
    }

    fn contains(&self, address: GuestPhysical, length: u64) -> bool {
        self.check(address, length).is_some()
    }
}

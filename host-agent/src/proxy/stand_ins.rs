//! The program's threads, as Linux sees them.
//!
//! Every thread of the program but the first has a *stand-in*: a thread of the proxy that exists so that there is a tid,
//! an entry in /proc, and somebody whom a signal can be sent to. It executes nothing for the program; it sleeps until it
//! has a signal to hand on. To make one takes longer than a program should wait for its thread, so a few are kept ready.
//!
//! One whose thread has ended rests and serves another thread later, under the same tid. Linux, too, uses tids again, but not soon: so
//! some always rest, and the one that has rested longest is next.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use rustix::thread::futex;

use super::{Proxy, events};
use crate::arch::{self, SignalSet, block_all_but, start_small_thread, wait_for_signal};

/// How many are kept ready once the program has shown that it makes threads.
const READY: usize = 4;
/// Bytes of the stack of each.
const STACK_BYTES: usize = 64 << 10;
/// So many rest before the first of them serves again.
const LEAST_RESTING: usize = 32;
/// No more rest than that.
const MOST_RESTING: usize = 64;

/// One stand-in.
#[derive(Debug, Default)]
struct StandIn {
    /// Its tid, once it runs.
    thread: AtomicU32,
    /// Its thread has ended, so it must.
    over: AtomicBool,
    /// It is not as a new one would be: it has a name of its own.
    is_changed: AtomicBool,
}

/// The stand-ins of a process.
#[derive(Debug, Default)]
pub(crate) struct StandIns {
    threads: RwLock<Threads>,
    /// Somebody makes some ready: more than one at a time would make more than are kept.
    refilling: AtomicBool,
}

#[derive(Debug, Default)]
struct Threads {
    /// By tid.
    serving: HashMap<u32, Arc<StandIn>>,
    /// Those that have not served yet.
    ready: Vec<Arc<StandIn>>,
    /// Those whose threads have ended, the first of them first.
    resting: VecDeque<Arc<StandIn>>,
    /// Linux may have been asked to treat one thread unlike the others, so that none serves twice.
    differ: bool,
    /// Grows when those that wait are of no use any more: those that were made ready for another program have its name.
    program: u32,
}

impl StandIns {
    /// Whether the program has a thread with this tid, the first one apart.
    pub(crate) fn has(&self, thread: u32) -> bool {
        self.read().serving.contains_key(&thread)
    }

    /// Whether there is one with this tid that serves no thread now.
    pub(crate) fn waits(&self, thread: u32) -> bool {
        let threads = self.read();
        threads.ready.iter().chain(&threads.resting).any(|stand_in| stand_in.thread.load(Ordering::Relaxed) == thread)
    }

    /// A tid for a new thread of the program.
    ///
    /// # Errors
    /// Those of pthread_create(3): EAGAIN.
    pub(crate) fn start(&self, proxy: &'static Proxy, credentials: usize) -> io::Result<u32> {
        let waiting = self.write().next();
        let stand_in = waiting.map_or_else(|| make(proxy, credentials), Ok);
        let stand_in = stand_in.or_else(|error| self.write().resting.pop_front().ok_or(error))?;
        let thread = stand_in.tid();
        self.write().serving.insert(thread, stand_in);
        Ok(thread)
    }

    /// Sees to it that some are ready. `credentials` says how many changes the calling thread has made its own.
    pub(crate) fn refill(&self, proxy: &'static Proxy, credentials: usize) {
        if self.refilling.swap(true, Ordering::Acquire) {
            return;
        }
        while let Some(program) = self.wants_more() {
            // The next thread that finds none ready learns why.
            let Ok(stand_in) = make(proxy, credentials) else { break };
            // Who polls for the next request now would keep it from getting ready.
            stand_in.tid();
            self.keep(stand_in, program, proxy.process);
        }
        self.refilling.store(false, Ordering::Release);
    }

    /// For which program more are wanted, if they are.
    fn wants_more(&self) -> Option<u32> {
        let threads = self.read();
        (threads.ready.len() < READY && threads.resting.len() <= LEAST_RESTING).then_some(threads.program)
    }

    /// Whether [`StandIns::refill`] would make any.
    pub(crate) fn are_few(&self) -> bool {
        self.wants_more().is_some()
    }

    /// Keeps a stand-in that was made for `program`, unless that has been replaced meanwhile.
    fn keep(&self, stand_in: Arc<StandIn>, program: u32, process: u32) {
        let mut threads = self.write();
        if threads.program == program {
            return threads.ready.push(stand_in);
        }
        drop(threads);
        stand_in.end(process);
    }

    /// The thread with this tid has ended. Whether there was one.
    pub(crate) fn end(&self, proxy: &Proxy, thread: u32) -> bool {
        let mut threads = self.write();
        let Some(stand_in) = threads.serving.get(&thread).map(Arc::clone) else { return false };
        // A signal that is left to Linux may be pending for this thread alone.
        if threads.has_room_for(&stand_in) && !proxy.left.is_leaving() {
            threads.serving.remove(&thread);
            threads.resting.push_back(stand_in);
            return true;
        }
        drop(threads);
        // Until then it is found by its tid, and so it is listed.
        end_now(&[stand_in], proxy.process);
        self.write().serving.remove(&thread);
        true
    }

    /// All threads but the first have ended. Those that wait have the old program's name, so they go, too.
    pub(crate) fn end_all(&self, process: u32) {
        let mut threads = self.write();
        let next = Threads { program: threads.program.wrapping_add(1), ..Threads::default() };
        let before = std::mem::replace(&mut *threads, next);
        drop(threads);
        before.all().for_each(|stand_in| stand_in.end(process));
    }

    /// The thread with this tid has been given a name; if it is not among these, it is the first, whose name new ones take.
    pub(crate) fn has_name(&self, process: u32, thread: u32) {
        if let Some(stand_in) = self.read().serving.get(&thread) {
            return stand_in.is_changed.store(true, Ordering::Relaxed);
        }
        self.end_waiting(process, |_| ());
    }

    /// Linux is asked to treat one thread unlike the others (setpriority(2)). From now on those that serve are as new.
    pub(crate) fn tell_apart(&self, process: u32) {
        if !self.read().differ {
            self.end_waiting(process, |threads| threads.differ = true);
        }
    }

    fn end_waiting(&self, process: u32, change: impl FnOnce(&mut Threads)) {
        let mut threads = self.write();
        change(&mut threads);
        threads.program = threads.program.wrapping_add(1);
        let mut waiting = std::mem::take(&mut threads.ready);
        waiting.extend(threads.resting.drain(..));
        drop(threads);
        end_now(&waiting, process);
    }

    /// Lets all look at what has changed.
    pub(crate) fn poke(&self, process: u32) {
        self.read().all().for_each(|stand_in| stand_in.poke(process));
    }

    fn read(&self) -> RwLockReadGuard<'_, Threads> {
        self.threads.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Threads> {
        self.threads.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Threads {
    /// One that can serve now.
    fn next(&mut self) -> Option<Arc<StandIn>> {
        if self.resting.len() > LEAST_RESTING { self.resting.pop_front() } else { self.ready.pop() }
    }

    /// Whether `stand_in` can rest and serve again.
    fn has_room_for(&self, stand_in: &StandIn) -> bool {
        self.resting.len() < MOST_RESTING && !self.differ && !stand_in.is_changed.load(Ordering::Relaxed)
    }

    fn all(&self) -> impl Iterator<Item = &Arc<StandIn>> {
        self.serving.values().chain(&self.ready).chain(&self.resting)
    }
}

impl StandIn {
    /// Its tid; waits until it has one.
    fn tid(&self) -> u32 {
        loop {
            match self.thread.load(Ordering::Acquire) {
                0 => drop(futex::wait(&self.thread, futex::Flags::PRIVATE, 0, None)),
                thread => return thread,
            }
        }
    }

    fn end(&self, process: u32) {
        self.over.store(true, Ordering::Release);
        self.poke(process);
    }

    fn poke(&self, process: u32) {
        let thread = self.tid();
        while !arch::interrupt_thread(process, thread) {
            std::thread::yield_now();
        }
    }
}

/// Ends these, and waits until Linux finds none of them by its tid.
fn end_now(stand_ins: &[Arc<StandIn>], process: u32) {
    for stand_in in stand_ins {
        stand_in.end(process);
    }
    for stand_in in stand_ins {
        while arch::has_thread(process, stand_in.tid()) {
            std::thread::yield_now();
        }
    }
}

fn make(proxy: &'static Proxy, credentials: usize) -> io::Result<Arc<StandIn>> {
    let stand_in = Arc::new(StandIn::default());
    let own = Arc::clone(&stand_in);
    start_small_thread(STACK_BYTES, Box::new(move || serve(proxy, &own, credentials)))?;
    Ok(stand_in)
}

/// A stand-in's life. The interrupting signal is blocked and waited for like all others, so that no poke is lost.
fn serve(proxy: &'static Proxy, stand_in: &StandIn, mut credentials: usize) {
    block_all_but(SignalSet::NONE);
    proxy.name_this_thread();
    let thread = rustix::thread::gettid().as_raw_nonzero().get().cast_unsigned();
    stand_in.thread.store(thread, Ordering::Release);
    let _ = futex::wake(&stand_in.thread, futex::Flags::PRIVATE, 1);
    // SIGCHLD is the first thread's alone, so that it can be waited for (`events::hand_on_pending`).
    let others = SignalSet::TERMINAL.with(SignalSet::PARENT_GONE).with(SignalSet::one(libc::SIGCHLD.cast_unsigned()));
    let signals = SignalSet::ALL.without(others);
    while !stand_in.over.load(Ordering::Acquire) {
        let taken = wait_for_signal(signals.without(proxy.left.set()));
        credentials = proxy.credentials.follow(credentials);
        if let Some((signal, info)) = taken
            && SignalSet::one(signal) != SignalSet::INTERRUPT
        {
            events::hand_on(proxy, thread, signal, &info);
        }
    }
}

//! The program's threads, as Linux sees them.
//!
//! Every thread of the program but the first has a *stand-in*: a thread of the proxy that exists so that there is a tid,
//! an entry in /proc, and somebody whom a signal can be sent to. It executes nothing for the program; it sleeps until it
//! has a signal to hand on. To make one takes longer than a program should wait for its thread, so a few are kept ready.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use rustix::thread::futex;

use super::{Proxy, events};
use crate::arch::{self, SignalSet, block_all_but, start_small_thread, wait_for_signal};

/// How many are kept ready once the program has shown that it makes threads.
const READY: usize = 4;

/// One stand-in.
#[derive(Debug, Default)]
struct StandIn {
    /// Its tid, once it runs.
    thread: AtomicU32,
    /// Its thread has ended, so it must.
    over: AtomicBool,
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
    ready: Vec<Arc<StandIn>>,
    /// How many programs the process has had before: those that were made ready for one have its name.
    program: u32,
}

impl StandIns {
    /// Whether the program has a thread with this tid, the first one apart.
    pub(crate) fn has(&self, thread: u32) -> bool {
        self.read().serving.contains_key(&thread)
    }

    /// A tid for a new thread of the program.
    ///
    /// # Errors
    /// Those of pthread_create(3): EAGAIN.
    pub(crate) fn start(&self, proxy: &'static Proxy, credentials: usize) -> io::Result<u32> {
        let ready = self.write().ready.pop();
        let stand_in = ready.map_or_else(|| make(proxy, credentials), Ok)?;
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
        (threads.ready.len() < READY).then_some(threads.program)
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
    pub(crate) fn end(&self, process: u32, thread: u32) -> bool {
        let stand_in = self.write().serving.remove(&thread);
        stand_in.map(|stand_in| stand_in.end(process)).is_some()
    }

    /// All threads but the first have ended. Those that are ready have the old program's name, so they go, too.
    pub(crate) fn end_all(&self, process: u32) {
        let Threads { serving, ready, .. } = {
            let mut threads = self.write();
            let next = Threads { program: threads.program.wrapping_add(1), ..Threads::default() };
            std::mem::replace(&mut *threads, next)
        };
        for stand_in in serving.values().chain(&ready) {
            stand_in.end(process);
        }
    }

    /// Lets all look at what has changed.
    pub(crate) fn poke(&self, process: u32) {
        let threads = self.read();
        for stand_in in threads.serving.values().chain(&threads.ready) {
            stand_in.poke(process);
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Threads> {
        self.threads.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Threads> {
        self.threads.write().unwrap_or_else(PoisonError::into_inner)
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

fn make(proxy: &'static Proxy, credentials: usize) -> io::Result<Arc<StandIn>> {
    let stand_in = Arc::new(StandIn::default());
    let own = Arc::clone(&stand_in);
    start_small_thread(Box::new(move || serve(proxy, &own, credentials)))?;
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

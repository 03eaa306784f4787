//! Stops. A process stops on both sides, and either may begin: the LWK where the program stops itself or another one of the partition,
//! Linux where somebody outside stops the proxy. The second is heard of when it has happened, and when it is heard of it may be
//! over. So nobody believes it: as long as it may be true the program does not run, and a thread asks the proxy something
//! that it answers as soon as it runs. If it is not stopped any more, that is at once.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use virtio_ikc::message::Operation;

use crate::ikc::events;
use crate::ikc::request::{self, Draft};
use crate::process::process::Process;
use crate::process::thread::Thread;
use crate::schedule;

/// Whether a process is stopped, and by whom.
#[derive(Default)]
pub struct Stop {
    /// By the LWK.
    is_own: AtomicBool,
    /// How often Linux has told of a stop.
    told: AtomicU64,
    /// How many of those are over.
    over: AtomicU64,
    /// A thread asks the proxy.
    asking: AtomicBool,
}

impl Stop {
    /// Whether the process is stopped (signal(7), "Stop").
    pub fn is_stopped(&self) -> bool {
        self.is_own.load(Ordering::SeqCst) || self.is_told()
    }

    fn is_told(&self) -> bool {
        self.told.load(Ordering::SeqCst) != self.over.load(Ordering::SeqCst)
    }

    /// Asks the proxy whether it runs if that is in doubt and no other thread does; comes back when it does. Whether it asked.
    fn ask(&self, process: &Arc<Process>) -> bool {
        if !self.is_told() || self.asking.swap(true, Ordering::SeqCst) {
            return false;
        }
        let told = self.told.load(Ordering::SeqCst);
        send(process, 0);
        self.over.fetch_max(told, Ordering::SeqCst);
        self.asking.store(false, Ordering::SeqCst);
        true
    }
}

/// `STOP` by this signal, or by none, for the caller's `process`. What was sent to the process meanwhile is pending when this returns.
pub(super) fn send(process: &Arc<Process>, signal: u8) {
    let mut draft = Draft::operation(Operation::STOP);
    draft.arguments([u64::from(signal), 0, 0, 0, 0, 0]);
    request::send(draft);
    events::take_from_proxy(process);
}

/// Stops `process`, whose proxy is about to be stopped, too.
pub fn stop(process: &Process) {
    process.stop.is_own.store(true, Ordering::SeqCst);
    let_look(process);
}

/// The stop that the LWK began is over.
pub(super) fn end(process: &Process) {
    process.stop.is_own.store(false, Ordering::SeqCst);
    let_look(process);
}

/// Somebody continues the proxy of `process`, or has done so, whoever stopped it. The program goes on when the proxy runs and has told of the
/// signals that were sent meanwhile.
pub fn is_continued(process: &Process) {
    if process.stop.is_stopped() {
        process.stop.told.fetch_add(1, Ordering::SeqCst);
        end(process);
    }
}

/// Linux says that the proxy of `process` has stopped. What else it has told by then must have been handled.
pub fn told(process: &Process) {
    process.stop.told.fetch_add(1, Ordering::SeqCst);
    let_look(process);
}

/// Waits, as a thread of a process that may be stopped, until it goes on or the thread is to end.
pub(super) fn wait(thread: &Thread) {
    let process = thread.process();
    while process.stop.is_stopped() && !thread.is_ending() {
        if process.stop.ask(process) {
            let_look(process);
        } else {
            schedule::park(None);
        }
    }
}

fn let_look(process: &Process) {
    process.all_threads().iter().for_each(schedule::kick);
}

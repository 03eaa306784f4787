//! Signals that are left to Linux, where the process's descriptors of signalfd(2) find them.
//!
//! Such a descriptor is Linux's own, so that it can be polled, inherited and passed on like any other, and it shows what is pending for
//! the proxy. So the signals that such a descriptor was made for stay in Linux as long as every thread blocks them and none waits for
//! them; one that the LWK has (a timer's, one that a thread sent) goes there. As soon as a thread unblocks it or waits for it, it
//! comes back. The set only grows: Linux does not tell when the last descriptor is closed, and nobody sees the difference.
//!
//! A signal for a single thread goes there when this thread itself makes a call that may look at such a descriptor. One thing is not as
//! on Linux: another thread that looks at the same moment can take it.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use lwk_core::signal::{SignalInfo, SignalSet};
use virtio_ikc::message::{Direction, Operation, Role, Segment};

use crate::arch::direct_map;
use crate::errno::SysResult;
use crate::ikc::board;
use crate::ikc::request::{self, Draft};
use crate::process::process::Process;
use crate::process::thread::Thread;

/// What a process leaves to Linux.
#[derive(Default)]
pub struct Left {
    /// What its descriptors were made for.
    watched: AtomicU64,
    /// What is left now.
    set: AtomicU64,
    /// A signal that waits here may have to go.
    must_return: AtomicBool,
}

impl Left {
    /// What a child begins with (fork(2)).
    pub fn inherit(&self, parent: &Self) {
        self.watched.store(parent.watched.load(Ordering::SeqCst), Ordering::SeqCst);
        self.set.store(parent.set.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    fn set(&self) -> SignalSet {
        SignalSet(self.set.load(Ordering::SeqCst))
    }

    /// Whether it has descriptors for signals.
    pub fn is_watching(&self) -> bool {
        self.watched.load(Ordering::SeqCst) != 0
    }

    /// A signal of `information` has come. Whether a thread has to let it go.
    pub fn must_let_go(&self, information: &SignalInfo) -> bool {
        let is_meant = self.set().contains(information.signal);
        if is_meant {
            self.must_return.store(true, Ordering::SeqCst);
        }
        is_meant
    }

    /// Whether [`let_go`] has something to do.
    pub fn has_to_let_go(&self) -> bool {
        self.must_return.load(Ordering::Relaxed)
    }
}

/// A descriptor is made for the signals of `set`.
pub fn watch(thread: &Thread, set: SignalSet) {
    thread.process().left.watched.fetch_or(set.as_mask().0, Ordering::SeqCst);
    follow(thread);
}

/// Masks may have changed: leaves to Linux what can be left. The caller holds no lock.
pub fn follow(thread: &Thread) {
    let process = thread.process();
    let watched = process.left.watched.load(Ordering::Relaxed);
    if watched == 0 || thread.is_ending() {
        return;
    }
    let blocked = |set: SignalSet, other: &Thread| {
        let own = other.signals.lock();
        (set & own.mask).without(own.waiting_for)
    };
    let wanted = process.all_threads().iter().fold(SignalSet(watched), |set, other| blocked(set, other));
    let before = SignalSet(process.left.set.swap(wanted.0, Ordering::SeqCst));
    if before == wanted {
        return;
    }
    ask(wanted);
    if !before.without(wanted).is_empty() {
        // What waited there has become events.
        board::handle_events_at(process.place());
    }
    process.left.must_return.store(true, Ordering::SeqCst);
    let_go(thread);
}

/// What is pending in Linux of the signals that are left to it.
pub fn pending(process: &Process) -> SignalSet {
    let left = process.left.set();
    if left.is_empty() { left } else { ask(left) & left }
}

/// Tells the proxy what is left to it; answers what is pending there.
fn ask(set: SignalSet) -> SignalSet {
    let mut draft = Draft::operation(Operation::LEAVE_SIGNALS);
    draft.arguments([set.0, 0, 0, 0, 0, 0]);
    SignalSet(request::send(draft).values[0])
}

/// Gives Linux the signals that wait here and are left to it. The caller holds no lock.
pub fn let_go(thread: &Thread) {
    let process = thread.process();
    if !process.left.must_return.swap(false, Ordering::SeqCst) {
        return;
    }
    while let Some(information) = take(thread) {
        let bytes = information.to_bytes();
        let place = Segment { address: direct_map::physical_of(&bytes), length: bytes.len() as u64 };
        let mut draft = Draft::operation(Operation::RETURN_SIGNAL);
        draft.buffer(1, Role::WHOLE, Direction::IN, place.length, &[place]);
        request::send(draft);
    }
}

/// The next signal that goes: one of the process, or of `thread` itself while it is in a call of Linux's.
fn take(thread: &Thread) -> Option<SignalInfo> {
    let process = thread.process();
    let others = !process.left.set();
    let mut taken = process.signals.lock().pending.pop(others);
    if taken.is_none() && thread.is_in_linux.load(Ordering::Relaxed) {
        taken = thread.signals.lock().pending.pop(others);
    }
    super::settle(thread, taken?)
}

/// Runs a call that Linux serves, which may look at a descriptor.
pub fn while_in_linux(thread: &Thread, call: impl FnOnce() -> SysResult) -> SysResult {
    let process = thread.process();
    if process.left.set().is_empty() {
        return call();
    }
    thread.is_in_linux.store(true, Ordering::Relaxed);
    process.left.must_return.store(true, Ordering::SeqCst);
    let_go(thread);
    let result = call();
    thread.is_in_linux.store(false, Ordering::Relaxed);
    result
}

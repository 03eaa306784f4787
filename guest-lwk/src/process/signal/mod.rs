//! Signals: what waits, what is blocked, what a process wants done. The rules are `lwk_core::signal`'s, the frames and the delivery are
//! here.

mod alternate;
pub mod deliver;
pub mod frame;
pub mod left;
pub mod linux;
pub mod stop;
pub mod wait;

use core::sync::atomic::Ordering;

use lwk_core::signal::{
    PendingSignals, Pushed, Signal, SignalAction, SignalActions, SignalInfo, SignalSet, code, dequeue,
};
use virtio_ikc::message::Event;

pub use alternate::AlternateStack;

use super::process::Process;
use super::thread::Thread;
use crate::errno::Errno;
use crate::schedule;

/// Entries that may wait for a process or a thread at most, unless `RLIMIT_SIGPENDING` was set: what a host with little memory allows.
pub const MAX_PENDING: u64 = 4096;

/// What a process's threads share.
pub struct SharedSignals {
    /// What is to be done about each signal.
    pub actions: SignalActions,
    /// What waits for any of the threads.
    pub pending: PendingSignals,
}

impl SharedSignals {
    /// Nothing waits, everything by default.
    pub fn new() -> Self {
        Self { actions: SignalActions::new(), pending: PendingSignals::new() }
    }

    /// Ignores the signals of `set`, as the program's parent did.
    pub fn ignore(&mut self, set: u64) {
        let ignored = SignalAction { handler: lwk_core::signal::Handler::Ignore, ..SignalAction::default() };
        for signal in Signal::all().filter(|signal| SignalSet(set).contains(*signal)) {
            self.actions.set(signal, ignored);
        }
    }

    /// What is to be done about `signal` that is being delivered; the action is reset if it asks for that.
    pub fn action_for_delivery(&mut self, signal: Signal) -> SignalAction {
        let action = *self.actions.get(signal);
        if action.flags.contains(lwk_core::signal::ActionFlags::RESET_HANDLER) {
            self.actions.set(signal, SignalAction::default());
        }
        action
    }
}

/// What a thread has of its own.
pub struct ThreadSignals {
    /// What is blocked.
    pub mask: SignalSet,
    /// The mask to go back to when a call that had a mask of its own is over.
    saved_mask: Option<SignalSet>,
    /// What waits for this thread.
    pub pending: PendingSignals,
    /// What it waits for (`rt_sigtimedwait(2)`), blocked or not.
    pub waiting_for: SignalSet,
    /// The alternate stack.
    pub alternate: AlternateStack,
    /// Trap number, error code and address of the last fault, for the frame.
    pub trap: [u64; 3],
}

impl ThreadSignals {
    /// Nothing blocked, nothing waits.
    pub fn new() -> Self {
        Self {
            mask: SignalSet::EMPTY,
            saved_mask: None,
            pending: PendingSignals::new(),
            waiting_for: SignalSet::EMPTY,
            alternate: AlternateStack::DISABLED,
            trap: [0; 3],
        }
    }

    /// Puts `mask` in force until the call in progress is over.
    pub fn wait_with(&mut self, mask: SignalSet) {
        self.saved_mask.get_or_insert(self.mask);
        self.mask = mask.as_mask();
    }

    /// The mask without that of a call in progress: what a child inherits.
    pub fn unsaved_mask(&self) -> SignalSet {
        self.saved_mask.unwrap_or(self.mask)
    }

    /// Puts the mask back that `wait_with` replaced.
    pub fn restore_mask(&mut self) {
        if let Some(mask) = self.saved_mask.take() {
            self.mask = mask;
        }
    }

    /// The mask that a handler returns to; it is the handler's business from now on.
    fn mask_to_return_to(&mut self) -> SignalSet {
        self.saved_mask.take().unwrap_or(self.mask)
    }
}

/// Lets `information` wait for `process`, and one of its threads look. EAGAIN if there is no room for it.
pub fn queue_for_process(process: &Process, information: SignalInfo) -> Result<(), Errno> {
    refused(push_for_process(process, information))
}

/// The same; answers what became of it.
pub fn push_for_process(process: &Process, information: SignalInfo) -> Pushed {
    let most = process.most_pending.load(Ordering::Relaxed);
    let pushed = push(&mut process.signals.lock().pending, information, most);
    if information.signal == Signal::CONT {
        stop::is_continued(process);
    }
    if process.left.must_let_go(&information) {
        process.all_threads().first().into_iter().for_each(schedule::kick);
    }
    notify(process, information.signal);
    pushed
}

/// Lets `information` wait for `thread`. EAGAIN if there is no room for it.
pub fn queue_for_thread(thread: &Thread, information: SignalInfo) -> Result<(), Errno> {
    refused(push_for_thread(thread, information))
}

/// The same; answers what became of it.
pub fn push_for_thread(thread: &Thread, information: SignalInfo) -> Pushed {
    let most = thread.process().most_pending.load(Ordering::Relaxed);
    let pushed = push(&mut thread.signals.lock().pending, information, most);
    if information.signal == Signal::CONT {
        stop::is_continued(thread.process());
    }
    thread.process().left.must_let_go(&information);
    schedule::kick(&thread.arc());
    pushed
}

fn push(pending: &mut PendingSignals, information: SignalInfo, most: u64) -> Pushed {
    pending.remove(information.signal.cancels());
    let is_timers = information.timer_and_stamp().is_some();
    pending.push(information, is_timers || (pending.entries() as u64) < most)
}

/// Lets a thread that takes `signal` look, and whoever waits for it.
fn notify(process: &Process, signal: Signal) {
    let mut found = false;
    for thread in process.all_threads() {
        let (takes, waits) = {
            let own = thread.signals.lock();
            (!own.mask.contains(signal), own.waiting_for.contains(signal))
        };
        if waits || takes && !found {
            schedule::kick(&thread);
        }
        found |= takes;
    }
}

/// A thread that may have been told of a signal does not take it any more: others must look.
pub fn retarget(process: &Process) {
    let pending = process.signals.lock().pending.set();
    for signal in Signal::all().filter(|signal| pending.contains(*signal)) {
        notify(process, signal);
    }
}

fn refused(pushed: Pushed) -> Result<(), Errno> {
    if pushed == Pushed::Refused { Err(Errno::EAGAIN) } else { Ok(()) }
}

/// A signal that an instruction of `thread` caused: it cannot be blocked or ignored away, the program ends then
/// (signal(7); Linux's `force_sig_fault()`).
pub fn force(thread: &Thread, information: SignalInfo) {
    let signal = information.signal;
    let mut own = thread.signals.lock();
    let mut shared = thread.process().signals.lock();
    let ignored = shared.actions.get(signal).handler == lwk_core::signal::Handler::Ignore;
    if ignored || own.mask.contains(signal) {
        shared.actions.set(signal, SignalAction::default());
        own.mask = own.mask.without(SignalSet::of(signal));
    }
    own.pending.push(information, true);
}

/// Linux sent the proxy of `process`, or one of its threads, a signal: it is the program's.
pub fn take_from_linux(process: &Process, event: &Event) {
    let Some(information) = from_linux(event) else { return };
    let thread = process.all_threads().into_iter().find(|thread| event.thread != 0 && thread.tid() == event.thread);
    // A full queue is the sender's EAGAIN on Linux; here the signal is already on its way and is lost.
    let _ = match thread {
        Some(thread) => queue_for_thread(&thread, information),
        None => queue_for_process(process, information),
    };
}

/// The signal of an event from Linux.
fn from_linux(event: &Event) -> Option<SignalInfo> {
    SignalInfo::from_bytes(&event.info).filter(|information| u32::from(information.signal.number()) == event.signal)
}

/// A signal that the kernel itself raises.
pub fn from_kernel(number: u32) -> Option<SignalInfo> {
    Some(SignalInfo::new(Signal::new(number)?, code::SI_KERNEL))
}

/// Whether something waits for `thread` that is neither blocked nor ignored.
pub fn has_deliverable(thread: &Thread) -> bool {
    let own = thread.signals.lock();
    let shared = thread.process().signals.lock();
    let waiting = (own.pending.set() | shared.pending.set()).without(own.mask);
    if waiting.is_empty() {
        return false;
    }
    Signal::all().any(|signal| waiting.contains(signal) && !shared.actions.is_ignored(signal))
}

/// Whether no signal waits for `thread` or its process, blocked or not; if so, its mask has been put back.
fn nothing_is_pending(thread: &Thread) -> bool {
    let mut own = thread.signals.lock();
    let nothing = own.pending.is_empty() && thread.process().signals.lock().pending.is_empty();
    if nothing {
        own.restore_mask();
    }
    nothing
}

/// Takes the next signal that `thread` is to be given.
fn take_deliverable(thread: &Thread) -> Option<SignalInfo> {
    loop {
        let taken = {
            let mut own = thread.signals.lock();
            let blocked = own.mask;
            let mut shared = thread.process().signals.lock();
            dequeue(&mut own.pending, &mut shared.pending, blocked)?
        };
        if let Some(information) = settle(thread, taken) {
            return Some(information);
        }
    }
}

/// What `thread` gets of the signal that it has taken: that of a timer lets the timer go on, and says how often it has
/// expired since. `None` if the timer has been set anew or deleted.
fn settle(thread: &Thread, taken: SignalInfo) -> Option<SignalInfo> {
    let Some((timer, stamp)) = taken.timer_and_stamp() else { return Some(taken) };
    thread.process().timers.find(timer).ok()?.taken(&taken, stamp)
}

//! Signals: what waits, what is blocked, what a process wants done. The rules are `lwk_core::signal`'s, the frames and the delivery are
//! here.

mod alternate;
pub mod deliver;
pub mod frame;
pub mod wait;

use lwk_core::signal::{
    PendingSignals, Pushed, Signal, SignalAction, SignalActions, SignalInfo, SignalSet, code, dequeue,
};
use virtio_ikc::message::Event;

pub use alternate::AlternateStack;

use super::process::Process;
use super::thread::Thread;
use crate::errno::Errno;

/// Entries that may wait in a process at most (the usual `RLIMIT_SIGPENDING` of a host with little memory).
const MAX_PENDING: usize = 4096;

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
            alternate: AlternateStack::DISABLED,
            trap: [0; 3],
        }
    }

    /// Puts `mask` in force until the call in progress is over.
    pub fn wait_with(&mut self, mask: SignalSet) {
        self.saved_mask.get_or_insert(self.mask);
        self.mask = mask.as_mask();
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

/// Lets `information` wait for `process`.
pub fn queue_for_process(process: &Process, information: SignalInfo) -> Result<(), Errno> {
    let mut shared = process.signals.lock();
    shared.pending.remove(information.signal.cancels());
    let has_room = shared.pending.entries() < MAX_PENDING;
    refused(shared.pending.push(information, has_room))
}

/// Lets `information` wait for `thread`.
pub fn queue_for_thread(thread: &Thread, information: SignalInfo) -> Result<(), Errno> {
    let mut own = thread.signals.lock();
    own.pending.remove(information.signal.cancels());
    let has_room = own.pending.entries() < MAX_PENDING;
    refused(own.pending.push(information, has_room))
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

/// The signal of an event from Linux.
pub fn from_linux(event: &Event) -> Option<SignalInfo> {
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

/// Takes the next signal that `thread` is to be given.
fn take_deliverable(thread: &Thread) -> Option<SignalInfo> {
    let mut own = thread.signals.lock();
    let blocked = own.mask;
    let mut shared = thread.process().signals.lock();
    dequeue(&mut own.pending, &mut shared.pending, blocked)
}

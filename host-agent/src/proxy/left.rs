//! Signals that are left to descriptors of signalfd(2).
//!
//! Such a descriptor is Linux's: read(2), poll(2) and epoll(7) look at what is pending for the process that calls. So
//! signals that the program blocks and has such a descriptor for are not taken from Linux as events; and one that the LWK has after all,
//! because a thread of the program sent it, goes back. Only the first thread may send the process a signal in the kernel's or another
//! process's name (rt_sigqueueinfo(2)), so it does.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::{Proxy, events};
use crate::arch::{self, SignalInfo, SignalSet};

/// The signals that are left to descriptors.
#[derive(Debug, Default)]
pub(crate) struct Left {
    set: AtomicU64,
    /// Those that go back.
    returning: Mutex<VecDeque<SignalInfo>>,
    sent: Condvar,
}

impl Left {
    /// What a child begins with (fork(2)): the same set, nothing pending.
    pub(crate) fn inherited(&self) -> Self {
        Self { set: AtomicU64::new(self.set().0), ..Self::default() }
    }

    /// The set.
    pub(crate) fn set(&self) -> SignalSet {
        SignalSet(self.set.load(Ordering::SeqCst))
    }

    /// Whether any are.
    pub(super) fn is_leaving(&self) -> bool {
        self.set().0 != 0
    }

    /// Lets `info` be pending for the process; returns when it is.
    pub(crate) fn give_back(&self, proxy: &Proxy, info: SignalInfo) {
        let mut returning = self.returning();
        returning.push_back(info);
        while !arch::interrupt_thread(proxy.process, proxy.process) {
            std::thread::yield_now();
        }
        while !returning.is_empty() {
            returning = self.sent.wait(returning).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The first thread's part of that.
    pub(super) fn send(&self, process: u32) {
        let mut returning = self.returning();
        while let Some(info) = returning.front() {
            arch::queue_signal(process, info);
            returning.pop_front();
        }
        self.sent.notify_all();
    }

    fn returning(&self) -> MutexGuard<'_, VecDeque<SignalInfo>> {
        self.returning.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Proxy {
    /// Leaves the signals of `set` to descriptors from now on. Others that were left before and wait are handed on.
    pub(crate) fn leave(&self, set: SignalSet) {
        let kept = SignalSet::INTERRUPT.with(SignalSet::PARENT_GONE).with(SignalSet::TERMINAL);
        let set = set.without(kept);
        let before = SignalSet(self.left.set.swap(set.0, Ordering::SeqCst));
        self.children.tell_linux(set);
        self.poke_signal_takers();
        while let Some((signal, info)) = arch::take_pending(before.without(set)) {
            events::hand_on(self, self.process, signal, &info);
        }
    }
}

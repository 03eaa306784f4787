//! Signals that have been sent and not delivered.
//!
//! A thread has such a list of its own and its process has another; the rules are those of `__send_signal_locked`,
//! `collect_signal` and `get_signal` in Linux's kernel/signal.c.

use alloc::collections::VecDeque;

use super::info::{SignalInfo, code};
use super::number::Signal;
use super::set::SignalSet;

/// What became of a signal that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// It waits.
    Queued,
    /// One like it waits already, and this one is gone: a standard signal waits once.
    Coalesced,
    /// It waits, but there was no room for what is known about it.
    WithoutInfo,
    /// There was no room for it: EAGAIN for the sender.
    Refused,
}

/// The signals that wait, of one thread or of a process as a whole.
#[derive(Clone, Debug, Default)]
pub struct PendingSignals {
    set: SignalSet,
    queue: VecDeque<SignalInfo>,
}

impl PendingSignals {
    /// None.
    #[must_use]
    pub const fn new() -> Self {
        Self { set: SignalSet::EMPTY, queue: VecDeque::new() }
    }

    /// Which signals wait (sigpending(2)).
    #[must_use]
    pub fn set(&self) -> SignalSet {
        self.set
    }

    /// How many entries wait: what `RLIMIT_SIGPENDING` bounds, for all processes of a user together.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.queue.len()
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    /// Lets `info` wait. `has_room` says that `RLIMIT_SIGPENDING` allows one more entry; signals that the kernel or
    /// kill(2) has made need none if they are standard ones.
    pub fn push(&mut self, info: SignalInfo, has_room: bool) -> Pushed {
        let is_real_time = info.signal.is_real_time();
        if !is_real_time && self.set.contains(info.signal) {
            return Pushed::Coalesced;
        }
        let is_exempt = !is_real_time && info.code >= code::SI_USER;
        if has_room || is_exempt {
            self.set = self.set.with(info.signal);
            self.queue.push_back(info);
            return Pushed::Queued;
        }
        if is_real_time && info.code != code::SI_USER {
            return Pushed::Refused;
        }
        self.set = self.set.with(info.signal);
        Pushed::WithoutInfo
    }

    /// Drops what waits of `signals`.
    pub fn remove(&mut self, signals: SignalSet) {
        if (self.set & signals).is_empty() {
            return;
        }
        self.set = self.set.without(signals);
        self.queue.retain(|info| !signals.contains(info.signal));
    }

    /// Takes back what waits of a timer's signals.
    pub fn withdraw_timer(&mut self, timer: u32) {
        let is_meant = |info: &SignalInfo| info.timer_and_stamp().is_some_and(|(of, _)| of == timer);
        while let Some(at) = self.queue.iter().position(is_meant) {
            if let Some(info) = self.queue.remove(at) {
                self.forget_if_last(info.signal);
            }
        }
    }

    /// Takes the signal that comes first of those not `blocked`: a synchronous one before others, the lowest number
    /// before higher ones, the oldest of a number before later ones.
    pub fn pop(&mut self, blocked: SignalSet) -> Option<SignalInfo> {
        let ready = self.set.without(blocked);
        let signal = (ready & SignalSet::SYNCHRONOUS).lowest().or_else(|| ready.lowest())?;
        Some(self.take(signal))
    }

    /// Takes the oldest fault of the thread itself that is not `blocked`.
    pub fn pop_fault(&mut self, blocked: SignalSet) -> Option<SignalInfo> {
        let at = self.queue.iter().position(|info| info.is_fault() && !blocked.contains(info.signal))?;
        let info = self.queue.remove(at)?;
        self.forget_if_last(info.signal);
        Some(info)
    }

    fn take(&mut self, signal: Signal) -> SignalInfo {
        let at = self.queue.iter().position(|info| info.signal == signal);
        let info = at.and_then(|at| self.queue.remove(at));
        self.forget_if_last(signal);
        info.unwrap_or(SignalInfo::new(signal, code::SI_USER))
    }

    fn forget_if_last(&mut self, signal: Signal) {
        if !self.queue.iter().any(|info| info.signal == signal) {
            self.set = self.set.without(SignalSet::of(signal));
        }
    }
}

/// Takes the signal that a thread is to be given next: its own faults first, then what waits for the thread, then
/// what waits for its process.
pub fn dequeue(thread: &mut PendingSignals, process: &mut PendingSignals, blocked: SignalSet) -> Option<SignalInfo> {
    thread.pop_fault(blocked).or_else(|| thread.pop(blocked)).or_else(|| process.pop(blocked))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn real_time(number: u32) -> Signal {
        Signal::new(number).unwrap()
    }

    fn queued(signal: Signal, value: u64) -> SignalInfo {
        SignalInfo::queued(signal, code::SI_QUEUE, 1, 0, value)
    }

    fn drain(pending: &mut PendingSignals, blocked: SignalSet) -> Vec<Signal> {
        core::iter::from_fn(|| pending.pop(blocked)).map(|info| info.signal).collect()
    }

    #[test]
    fn a_standard_signal_waits_once_and_keeps_what_the_first_one_said() {
        let mut pending = PendingSignals::new();
        assert_eq!(pending.push(queued(Signal::USR1, 1), true), Pushed::Queued);
        assert_eq!(pending.push(queued(Signal::USR1, 2), true), Pushed::Coalesced);
        assert_eq!(pending.pop(SignalSet::EMPTY), Some(queued(Signal::USR1, 1)));
        assert_eq!(pending.pop(SignalSet::EMPTY), None);
    }

    #[test]
    fn real_time_signals_queue_in_order_and_low_numbers_go_first() {
        let mut pending = PendingSignals::new();
        for (number, value) in [(40, 1), (34, 2), (40, 3), (34, 4)] {
            pending.push(queued(real_time(number), value), true);
        }
        let order: Vec<SignalInfo> = core::iter::from_fn(|| pending.pop(SignalSet::EMPTY)).collect();
        let expected = [(34, 2), (34, 4), (40, 1), (40, 3)].map(|(number, value)| queued(real_time(number), value));
        assert_eq!(order, expected);
        assert!(pending.is_empty());
    }

    #[test]
    fn synchronous_signals_go_before_lower_numbers() {
        let mut pending = PendingSignals::new();
        for signal in [Signal::HUP, Signal::SEGV, Signal::TERM] {
            pending.push(SignalInfo::sent(signal, code::SI_USER, 1, 1), true);
        }
        assert_eq!(drain(&mut pending, SignalSet::EMPTY), [Signal::SEGV, Signal::HUP, Signal::TERM]);
    }

    #[test]
    fn the_threads_own_fault_goes_before_a_signal_that_was_sent() {
        let (mut thread, mut process) = (PendingSignals::new(), PendingSignals::new());
        process.push(SignalInfo::sent(Signal::ILL, code::SI_USER, 1, 1), true);
        thread.push(SignalInfo::sent(Signal::BUS, code::SI_USER, 1, 1), true);
        thread.push(SignalInfo::fault(Signal::SEGV, code::SEGV_MAPERR, 8), true);
        let mut next = || dequeue(&mut thread, &mut process, SignalSet::EMPTY).map(|info| info.signal);
        assert_eq!([next(), next(), next(), next()], [Some(Signal::SEGV), Some(Signal::BUS), Some(Signal::ILL), None]);
    }

    #[test]
    fn blocked_signals_wait() {
        let mut pending = PendingSignals::new();
        pending.push(queued(Signal::TERM, 0), true);
        assert_eq!(pending.pop(SignalSet::of(Signal::TERM)), None);
        assert!(pending.set().contains(Signal::TERM));
        assert_eq!(pending.pop_fault(SignalSet::EMPTY), None);
    }

    #[test]
    fn without_room_only_a_real_time_signal_with_information_is_refused() {
        let mut pending = PendingSignals::new();
        assert_eq!(pending.push(queued(real_time(40), 0), false), Pushed::Refused);
        assert_eq!(pending.push(SignalInfo::new(Signal::TERM, code::SI_USER), false), Pushed::Queued);
        assert_eq!(pending.push(queued(Signal::USR1, 9), false), Pushed::WithoutInfo);
        assert_eq!(pending.push(SignalInfo::sent(real_time(41), code::SI_USER, 3, 3), false), Pushed::WithoutInfo);
        assert_eq!(pending.pop(SignalSet::EMPTY), Some(SignalInfo::new(Signal::USR1, code::SI_USER)));
        assert_eq!(drain(&mut pending, SignalSet::EMPTY), [Signal::TERM, real_time(41)]);
    }

    #[test]
    fn what_is_removed_is_gone() {
        let mut pending = PendingSignals::new();
        pending.push(queued(Signal::TSTP, 0), true);
        pending.push(queued(Signal::TERM, 0), true);
        pending.remove(Signal::CONT.cancels());
        assert_eq!((pending.entries(), drain(&mut pending, SignalSet::EMPTY)), (1, [Signal::TERM].to_vec()));
    }

    #[test]
    fn a_timer_s_signal_is_taken_back_alone() {
        let mut pending = PendingSignals::new();
        for timer in [1, 2] {
            pending.push(SignalInfo::timer(real_time(40), timer, 0, 1), true);
        }
        pending.push(queued(real_time(41), 0), true);
        pending.withdraw_timer(1);
        assert_eq!(drain(&mut pending, SignalSet::EMPTY), [real_time(40), real_time(41)]);
    }

    proptest! {
        #[test]
        fn the_set_and_the_queue_agree(steps in proptest::collection::vec((1u32..=64, any::<bool>(), 0u8..4), 0..200)) {
            let mut pending = PendingSignals::new();
            for (number, has_room, kind) in steps {
                let signal = real_time(number);
                match kind {
                    0 | 1 => drop(pending.push(queued(signal, 0), has_room)),
                    2 => drop(pending.pop(SignalSet::of(signal))),
                    _ => pending.remove(SignalSet::of(signal)),
                }
                prop_assert!(pending.queue.iter().all(|info| pending.set.contains(info.signal)));
            }
            drain(&mut pending, SignalSet::EMPTY);
            prop_assert!(pending.is_empty() && pending.entries() == 0);
        }
    }
}

//! Events: the signals that Linux sends to the process and to its threads.
//!
//! A signal is taken from Linux one at a time and only given up when the LWK has a place for it; so as many wait as would
//! natively, standard ones once and real-time ones in order, because Linux itself keeps them.

use std::mem::offset_of;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use virtio_ikc::message::{EVENT_BYTES, Event, EventKind};

use super::wires::EVENT_VCPU;
use super::{Proxy, tie};
use crate::arch::{SignalInfo, SignalSet, block_all_but, interrupt_thread, pending_signals, wait_for_signal};
use crate::request::Violation;

/// How long to wait for the LWK to take events before looking again.
const PAUSE: Duration = Duration::from_millis(1);

/// The first thread's work: hands signals on for ever.
pub(crate) fn run(proxy: &'static Proxy) -> ! {
    // The terminal's are left to Linux, which stops the whole job by them, the VMM included.
    let signals = SignalSet::ALL.without(SignalSet::TERMINAL);
    // The interrupting signal is waited for like all others, so that none is lost.
    block_all_but(SignalSet::NONE);
    let mut parent = proxy.parent;
    let mut credentials = 0;
    tie::follow(proxy, &mut parent);
    loop {
        proxy.left.send(proxy.process);
        proxy.rounds.fetch_add(1, Ordering::Release);
        let taken = wait_for_signal(signals.without(proxy.left.set()));
        let taken = taken.filter(|(signal, _)| SignalSet::one(*signal) != SignalSet::INTERRUPT);
        let followed = proxy.credentials.follow(credentials);
        // Linux forgets the tie to the parent when credentials change (PR_SET_PDEATHSIG, prctl(2)).
        let untied = followed != credentials;
        credentials = followed;
        let is_parents = matches!(taken, Some((signal, _)) if SignalSet::one(signal) == SignalSet::PARENT_GONE);
        let is_orphaned = (untied || is_parents) && tie::follow(proxy, &mut parent);
        match taken {
            Some((_, info)) if is_parents => {
                let signal = proxy.death_signal();
                if is_orphaned && signal != 0 {
                    hand_on(proxy, proxy.process, signal, &info.named(signal));
                }
            }
            Some((signal, info)) => {
                if let Some(info) = proxy.heard(signal, info) {
                    hand_on(proxy, proxy.process, signal, &info);
                }
                if signal == libc::SIGCONT.cast_unsigned() {
                    proxy.link.tell_of_stops();
                }
            }
            None => {}
        }
    }
}

/// Waits until the LWK has been told of what Linux has sent the process of `signals`. On Linux a parent that has waited for a child has the
/// child's signal already, and whoever signals its own group has the signal when kill(2) returns; here two threads bring the two, and one
/// must wait for the other.
pub(crate) fn hand_on_pending(proxy: &Proxy, signals: SignalSet) {
    if proxy.left.set().intersects(signals) {
        return;
    }
    while pending_signals().intersects(signals) {
        thread::yield_now();
    }
    // What the first thread has taken it has handed on when its next round begins.
    let round = proxy.rounds.load(Ordering::Acquire);
    while !interrupt_thread(proxy.process, proxy.process) {
        thread::yield_now();
    }
    while proxy.rounds.load(Ordering::Acquire) == round {
        thread::yield_now();
    }
}

/// Hands a signal on that `thread` took; waits until the LWK has room for it.
pub(super) fn hand_on(proxy: &Proxy, thread: u32, signal: u32, info: &SignalInfo) {
    let Some(queues) = proxy.queues.get() else { return };
    // The kernel says so only of tkill(2) and its relatives.
    let thread = if info.code() == libc::SI_TKILL { thread } else { 0 };
    let mut event = bytes_of(EventKind::SIGNAL, proxy.process, thread, signal);
    event[offset_of!(Event, info)..][..info.bytes.len()].copy_from_slice(&info.bytes);
    loop {
        match queues.events.post(proxy.memory, &event) {
            Ok(None) => thread::sleep(PAUSE),
            Ok(Some(true)) => return proxy.wires.interrupt(proxy.place, EVENT_VCPU),
            Ok(Some(false)) => return,
            Err(violation) => fail(proxy, violation),
        }
    }
}

fn fail(proxy: &Proxy, violation: Violation) -> ! {
    proxy.fail(&violation)
}

/// An event without a siginfo, as it lies in memory.
pub(crate) fn bytes_of(kind: EventKind, process: u32, thread: u32, signal: u32) -> [u8; EVENT_BYTES] {
    let mut bytes = [0; EVENT_BYTES];
    for (place, word) in bytes.chunks_exact_mut(4).zip([kind.0, process, thread, signal]) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

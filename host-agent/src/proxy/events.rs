//! Events: the signals that Linux sends to the process.
//!
//! A signal is taken from Linux one at a time and only given up when the LWK has a place for it; so as many wait as would
//! natively, standard ones once and real-time ones in order, because Linux itself keeps them.

use std::thread;
use std::time::Duration;

use virtio_ikc::message::{EVENT_BYTES, Event, EventKind};

use super::Proxy;
use super::queues::{Queues, SharedQueue};
use super::start::die_with;
use super::worker::interrupt_driver;
use crate::arch::{SignalInfo, SignalSet, end_process, wait_for_signal};
use crate::request::Violation;

#[expect(clippy::cast_possible_truncation, reason = "it is 128")]
const EVENT_LENGTH: u32 = EVENT_BYTES as u32;

/// How long to wait for the LWK to take events before looking again.
const PAUSE: Duration = Duration::from_millis(1);

/// The first thread's work: hands signals on for ever.
pub(crate) fn run(proxy: &'static Proxy, queues: &'static Queues) -> ! {
    // The terminal's are left to Linux, which stops the whole job by them, the VMM included.
    let signals = SignalSet::ALL.without(SignalSet::INTERRUPT.with(SignalSet::TERMINAL));
    let parent = rustix::process::getppid().map(|parent| parent.as_raw_nonzero().get().cast_unsigned());
    let mut credentials = 0;
    loop {
        let taken = wait_for_signal(signals);
        let followed = proxy.credentials.follow(credentials);
        // Linux forgets the tie to the parent when credentials change (PR_SET_PDEATHSIG, prctl(2)).
        if followed != credentials && die_with(parent).is_err() {
            end_process(1);
        }
        credentials = followed;
        let (Some((signal, info)), Some(queue)) = (taken, &queues.events) else { continue };
        if let Err(violation) = post(proxy, queue, signal, &info) {
            proxy.fail(&violation);
        }
    }
}

fn post(proxy: &Proxy, queue: &SharedQueue, signal: u32, info: &SignalInfo) -> Result<(), Violation> {
    let head = loop {
        match queue.lock().device.take_available()? {
            Some(head) => break head,
            None => thread::sleep(PAUSE),
        }
    };
    let address = queue.lock().device.chain(head)?.as_event()?;
    let event = bytes_of(proxy.process, signal, info);
    proxy.memory.write(address, &event).map_err(|_| Violation::BlockOutside(address.as_u64()))?;
    if queue.complete(head, EVENT_LENGTH)? {
        interrupt_driver(proxy, queue.index);
    }
    Ok(())
}

fn bytes_of(process: u32, signal: u32, info: &SignalInfo) -> [u8; EVENT_BYTES] {
    let mut bytes = [0; EVENT_BYTES];
    for (place, word) in bytes.chunks_exact_mut(4).zip([EventKind::SIGNAL.0, process, 0, signal]) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    bytes[std::mem::offset_of!(Event, info)..][..info.bytes.len()].copy_from_slice(&info.bytes);
    bytes
}

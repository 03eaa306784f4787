//! The notice board: which process Linux has something for, and which proxy is to look.

use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use virtio_ikc::address::GuestPhysical;
use virtio_ikc::layout::NOTICE_BOARD;
use virtio_ikc::notice::{AGENT_PLACE, LOOKING, LOOKING_STRIDE, TO_AGENT, TO_LWK, WORDS as NOTICE_WORDS, bit_of};

use super::{device, events};
use crate::arch::direct_map::atomic_u64;
use crate::process::process::Process;
use crate::process::table;
use crate::{schedule, statistics};

/// Words of the board in which a place has been used.
static WORDS: AtomicUsize = AtomicUsize::new(1);

fn word(map: u64, index: usize) -> &'static AtomicU64 {
    atomic_u64(GuestPhysical(NOTICE_BOARD + map + index as u64 * 8))
}

/// Takes note that `place` is in use from now on.
pub fn include(place: usize) {
    WORDS.fetch_max(place / 64 + 1, Ordering::SeqCst);
}

/// Places whose events have not been looked at yet.
static EVENTS: [AtomicU64; NOTICE_WORDS] = [const { AtomicU64::new(0) }; NOTICE_WORDS];

fn in_use() -> core::ops::Range<usize> {
    0..WORDS.load(Ordering::Relaxed)
}

fn looking(vcpu: usize) -> &'static AtomicU64 {
    word(LOOKING + vcpu as u64 * LOOKING_STRIDE, 0)
}

/// Says that this vCPU, `vcpu`, looks at the board again and again: Linux need not interrupt it.
pub fn look(vcpu: usize) {
    let looking = looking(vcpu);
    if looking.load(Ordering::Relaxed) == 0 {
        looking.store(1, Ordering::Relaxed);
    }
}

/// Says that it does so no longer. Whether it has to look once more, because it was not interrupted for what has come.
pub fn look_away(vcpu: usize) -> bool {
    let looking = looking(vcpu);
    if looking.load(Ordering::Relaxed) == 0 {
        return false;
    }
    looking.store(0, Ordering::SeqCst);
    has_news()
}

/// Whether there is something for anybody.
pub fn has_news() -> bool {
    in_use().any(|index| word(TO_LWK, index).load(Ordering::SeqCst) != 0) || has_events()
}

/// Whether events may be there.
pub fn has_events() -> bool {
    in_use().any(|index| EVENTS[index].load(Ordering::Relaxed) != 0)
}

/// Takes the replies to all places whose bits are set; whoever waited for them runs again.
pub fn collect() {
    for index in in_use() {
        let word = word(TO_LWK, index);
        if word.load(Ordering::Relaxed) == 0 {
            continue;
        }
        let taken = word.swap(0, Ordering::SeqCst);
        EVENTS[index].fetch_or(taken, Ordering::SeqCst);
        for place in places_of(index, taken) {
            if let Some(process) = table::at_place(place) {
                collect_for(&process);
            }
        }
    }
}

/// Takes the replies for one process.
pub fn collect_for(process: &Process) {
    let woken = process.requests.lock().collect();
    woken.iter().for_each(schedule::unpark);
}

/// Handles the events of all places that have any. May have to wait for locks.
pub fn handle_events() {
    for index in in_use() {
        let taken = EVENTS[index].swap(0, Ordering::SeqCst);
        for place in places_of(index, taken) {
            handle_events_at(place);
        }
    }
}

/// Handles the events of one place.
pub fn handle_events_at(place: usize) {
    if place == AGENT_PLACE {
        return events::take_from_agent();
    }
    if let Some(process) = table::at_place(place) {
        events::take_from_proxy(&process);
    }
}

/// The places of the bits that are set in word `index`.
fn places_of(index: usize, bits: u64) -> impl Iterator<Item = usize> {
    (0..64).filter(move |bit| bits & 1 << bit != 0).map(move |bit| index * 64 + bit)
}

/// Lets the proxy at `place` look at its queues.
pub fn ring(place: usize) {
    let (offset, bit) = bit_of(place);
    atomic_u64(GuestPhysical(NOTICE_BOARD + TO_AGENT + offset)).fetch_or(bit, Ordering::SeqCst);
    statistics::doorbell();
    device::ring_doorbell();
}

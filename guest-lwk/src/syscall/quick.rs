//! Quick calls: those that the LWK answers in nanoseconds, without what every other call needs on its way in and out.
//!
//! They come by a trampoline (docs/system-calls.md), and while they are served the vCPU counts as being in its program. So whoever wants
//! the vCPU to look at something interrupts it and waits, and then it looks; this is why a page table can be walked here without the
//! lock of its address space: nobody takes a page away meanwhile. In turn nothing here may wait for anybody, and what changes something
//! that a call has to look at on its way back, such as a mask that lets a waiting signal through, is left to the long way.

use linux_raw_sys::general as number;
use virtio_ikc::boot::{QUICK_CALL_WORDS, flag};

use super::first::known_parent;
use super::local::quick_mask;
use crate::arch::boot;
use crate::process::thread::Thread;
use crate::schedule;

/// Serves a call for a thread, or leaves it to the long way.
type Handler = fn(&Thread, [u64; 6]) -> Option<u64>;

/// The calls.
const CALLS: [(u32, Handler); 9] = [
    (number::__NR_rt_sigprocmask, quick_mask),
    (number::__NR_sched_yield, |_, _| schedule::is_alone().then_some(0)),
    (number::__NR_getpid, |thread, _| Some(u64::from(thread.process().pid()))),
    (number::__NR_gettid, |thread, _| Some(u64::from(thread.tid()))),
    (number::__NR_getppid, |thread, _| known_parent(thread)),
    (number::__NR_getuid, |thread, _| known_id(thread, number::__NR_getuid)),
    (number::__NR_geteuid, |thread, _| known_id(thread, number::__NR_geteuid)),
    (number::__NR_getgid, |thread, _| known_id(thread, number::__NR_getgid)),
    (number::__NR_getegid, |thread, _| known_id(thread, number::__NR_getegid)),
];

/// Their handlers, by number.
static HANDLERS: [Option<Handler>; 64 * QUICK_CALL_WORDS] = {
    let mut handlers = [None; 64 * QUICK_CALL_WORDS];
    let mut index = 0;
    while index < CALLS.len() {
        handlers[CALLS[index].0 as usize] = Some(CALLS[index].1);
        index += 1;
    }
    handlers
};

fn known_id(thread: &Thread, question: u32) -> Option<u64> {
    thread.process().identity.known(question).map(u64::from)
}

/// The numbers of the quick calls, bit by bit. There are none while calls are counted or shown: that is done on the long way.
pub fn numbers() -> [u64; QUICK_CALL_WORDS] {
    let mut words = [0; QUICK_CALL_WORDS];
    if !boot::has(flag::COUNT) && !boot::has(flag::TRACE) {
        for (number, _) in CALLS {
            words[number as usize / 64] |= 1 << (number % 64);
        }
    }
    words
}

/// Serves call `number` for `thread`, or leaves it to the long way.
pub fn serve(thread: &Thread, number: u64, arguments: [u64; 6]) -> Option<u64> {
    let handler = (*HANDLERS.get(usize::try_from(number).ok()?)?)?;
    handler(thread, arguments)
}

//! Quick calls: those that the LWK answers in nanoseconds, without what every other call needs on its way in and out.
//!
//! They come by a trampoline (docs/system-calls.md), and while they are served the vCPU counts as being in its program. So whoever wants
//! the vCPU to look at something interrupts it and waits, and then it looks; this is why a page table can be walked here without the
//! lock of its address space: nobody takes a page away meanwhile. In turn nothing here may wait for anybody, and what changes something
//! that a call has to look at on its way back, such as a mask that lets a waiting signal through, is left to the long way.

use virtio_ikc::boot::{QUICK_CALL_WORDS, flag};

use super::local;
use crate::arch::boot;
use crate::process::thread::Thread;
use crate::schedule;

use linux_raw_sys::general as number;

/// The calls.
const NUMBERS: [u32; 9] = [
    number::__NR_rt_sigprocmask,
    number::__NR_sched_yield,
    number::__NR_getpid,
    number::__NR_gettid,
    number::__NR_getppid,
    number::__NR_getuid,
    number::__NR_geteuid,
    number::__NR_getgid,
    number::__NR_getegid,
];

/// The numbers of the quick calls, bit by bit. There are none while calls are counted or shown: that is done on the long way.
pub fn numbers() -> [u64; QUICK_CALL_WORDS] {
    let mut words = [0; QUICK_CALL_WORDS];
    if !boot::has(flag::COUNT) && !boot::has(flag::TRACE) {
        for number in NUMBERS {
            words[number as usize / 64] |= 1 << (number % 64);
        }
    }
    words
}

/// Serves call `number` for `thread`, or leaves it to the long way.
pub fn serve(thread: &Thread, number: u64, arguments: [u64; 6]) -> Option<u64> {
    match u32::try_from(number).ok()? {
        number::__NR_rt_sigprocmask => local::quick_mask(thread, arguments),
        number::__NR_sched_yield => schedule::is_alone().then_some(0),
        number::__NR_getpid => Some(u64::from(thread.process().pid())),
        number::__NR_gettid => Some(u64::from(thread.tid())),
        number::__NR_getppid => {
            let first = boot::page();
            (thread.process().pid() == first.process).then_some(u64::from(first.parent))
        }
        number => thread.process().identity.known(number).map(u64::from),
    }
}

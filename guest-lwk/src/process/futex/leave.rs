//! What a thread leaves behind: locks that others wait for, and the word that says that it is gone.

use alloc::sync::Arc;
use core::sync::atomic::Ordering;

use lwk_core::futex::{Death, RobustFutex, death, walk};

use super::lock::OWNERS;
use super::place::{Place, Scope};
use super::{queue, wake};
use crate::memory::user::Access;
use crate::process::thread::Thread;
use crate::schedule;

/// `thread` ends: its locks pass on, its robust list is worked through (`get_robust_list(2)`), and whoever joins it is woken
/// (`set_tid_address(2)`). The address space is still there.
pub fn leave(thread: &Thread) {
    pass_on(thread, true);
}

/// The same for a thread that goes on as another program (execve(2)); the address space is still the old one.
pub fn release(thread: &Thread) {
    pass_on(thread, false);
}

fn pass_on(thread: &Thread, ends: bool) {
    let (head, _) = core::mem::take(&mut *thread.robust_list.lock());
    if head != 0 {
        let read = |address| thread.process().space.lock().read::<u64>(address).ok();
        walk(head, read, |futex| bury(thread, &futex));
    }
    let abandoned = {
        let mut owners = OWNERS.lock();
        thread.has_left_locks.store(ends, Ordering::SeqCst);
        owners.abandon(thread.tid())
    };
    for key in abandoned {
        let heir = queue::lock(&key).first_for_lock(&key).map(|heir| Arc::clone(heir.token.thread()));
        if let Some(heir) = heir {
            schedule::unpark(&heir);
        }
    }
    say_gone(thread);
}

/// Deals with a futex on the robust list; false if there is no memory, which ends the list.
fn bury(thread: &Thread, futex: &RobustFutex) -> bool {
    let place = Place { address: futex.address, scope: Scope::Shared };
    let wakes = {
        let mut space = thread.process().space.lock();
        let Ok(word) = place.word(&mut space, Access::Read) else { return false };
        loop {
            let value = word.load(Ordering::SeqCst);
            match death(value, thread.tid(), futex) {
                Death::Nothing => break false,
                Death::Wake => break true,
                Death::Mark { word: new, wake } => {
                    let Ok(word) = place.word(&mut space, Access::Write) else { return false };
                    if word.compare_exchange(value, new, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
                        break wake;
                    }
                }
            }
        }
    };
    if wakes {
        wake::wake_one(thread, futex.address);
    }
    true
}

/// Writes 0 where the C library waits for the end of `thread`, unless nobody is left to see it.
fn say_gone(thread: &Thread) {
    let address = thread.clear_tid.swap(0, Ordering::Relaxed);
    if address == 0 || !is_space_shared(thread) {
        return;
    }
    let written = thread.process().space.lock().write(address, &0_u32);
    if written.is_ok() {
        wake::wake_one(thread, address);
    }
}

/// Whether other threads or a parent in vfork(2) use the address space of `thread`.
fn is_space_shared(thread: &Thread) -> bool {
    const OWN_REFERENCES: usize = 2;
    let process = thread.process();
    let space = process.space.share();
    process.threads.lock().len() > 1 || Arc::strong_count(&space) > OWN_REFERENCES
}

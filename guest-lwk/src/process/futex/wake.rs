//! Waking.

use core::sync::atomic::Ordering;

use lwk_core::futex::{FutexKey, WakeOperation, Woken};

use super::place::Place;
use super::queue::{self, Sleeper};
use super::{ANY, place};
use crate::errno::{Errno, SysResult};
use crate::memory::user::Access;
use crate::process::thread::Thread;

use alloc::sync::Arc;

/// Wakes up to `count` waiters for `place` that listen to `bitset`; answers how many there were. EINVAL if `bitset` is empty or a waiter is
/// of another kind.
pub fn wake(thread: &Thread, place: Place, count: i32, bitset: u32) -> SysResult {
    if bitset == 0 {
        return Err(Errno::EINVAL);
    }
    let key = place.key_for(thread, Access::Read)?;
    wake_key(&key, count, bitset)
}

fn wake_key(key: &FutexKey, count: i32, bitset: u32) -> SysResult {
    let woken = queue::lock(key).wake(key, count, bitset);
    answer(&woken)
}

/// Wakes one waiter for the word at `address`, whoever it is (what the death of a thread does).
pub fn wake_one(thread: &Thread, address: u64) {
    // Nobody is there to be told of a mistake.
    let _ = wake(thread, Place { address, scope: place::Scope::Shared }, 1, ANY);
}

fn answer(woken: &Woken<Arc<Sleeper>>) -> SysResult {
    let count = queue::wake_all(&woken.tokens);
    woken.result.map(|()| count).map_err(|_| Errno::EINVAL)
}

/// `FUTEX_WAKE_OP`: changes the word of `changed`, wakes waiters for `place`, and waiters for `changed` if its word was what
/// `encoded` asks for. ENOSYS for an operation or a comparison that does not exist.
pub fn wake_by_operation(thread: &Thread, place: Place, changed: Place, counts: [i32; 2], encoded: u32) -> SysResult {
    let mut space = thread.process().space.lock();
    let key = place.key(&mut space, Access::Read)?;
    let changed_key = changed.key(&mut space, Access::Write)?;
    let operation = WakeOperation::decode(encoded).map_err(|_| Errno::ENOSYS)?;
    let word = changed.word(&mut space, Access::Write)?;
    let (mut queue, mut other) = queue::lock_two(&key, &changed_key);
    let old = word.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |old| Some(operation.apply(old)));
    let (Ok(old) | Err(old)) = old;
    let wakes_both = operation.holds(old).map_err(|_| Errno::ENOSYS)?;
    let mut woken = queue.wake(&key, counts[0], ANY);
    if wakes_both && woken.result.is_ok() {
        let second = other.as_mut().unwrap_or(&mut queue).wake(&changed_key, counts[1], ANY);
        woken.tokens.extend(second.tokens);
        woken.result = second.result;
    }
    drop((queue, other, space));
    answer(&woken)
}

//! Moving waiters from one futex to another, so that they need not all wake to wait again.

use core::sync::atomic::Ordering;

use super::place::Place;
use super::queue;
use crate::errno::{Errno, SysResult};
use crate::memory::user::Access;
use crate::process::thread::Thread;

/// A requeue, as it was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Requeue {
    /// Whose waiters are woken and moved.
    pub from: Place,
    /// What they wait for afterwards.
    pub to: Place,
    /// How many are woken.
    pub woken: i32,
    /// How many are moved.
    pub moved: i32,
    /// What the word of `from` must be, if anything.
    pub value: Option<u32>,
}

impl Requeue {
    /// The two counts; EINVAL if one is negative.
    pub fn counts(&self) -> Result<(usize, usize), Errno> {
        let count = |number: i32| usize::try_from(number).map_err(|_| Errno::EINVAL);
        Ok((count(self.woken)?, count(self.moved)?))
    }
}

/// `FUTEX_REQUEUE` and `FUTEX_CMP_REQUEUE`: answers how many waiters were woken or moved. EAGAIN if the word is not what it must be.
pub fn requeue(thread: &Thread, asked: &Requeue) -> SysResult {
    let (wake, requeue) = asked.counts()?;
    let mut space = thread.process().space.lock();
    let from = asked.from.key(&mut space, Access::Read)?;
    let to = asked.to.key(&mut space, Access::Read)?;
    let word = match asked.value {
        Some(value) => Some((asked.from.word(&mut space, Access::Read)?, value)),
        None => None,
    };
    let (mut queue, mut other) = queue::lock_two(&from, &to);
    if word.is_some_and(|(word, value)| word.load(Ordering::SeqCst) != value) {
        return Err(Errno::EAGAIN);
    }
    let done = queue.requeue(other.as_deref_mut(), &from, &to, wake, requeue);
    done.moved.iter().for_each(|sleeper| sleeper.set_key(to));
    drop((queue, other, space));
    let woken = queue::wake_all(&done.woken);
    done.result.map(|()| woken + done.moved.len() as u64).map_err(|_| Errno::EINVAL)
}

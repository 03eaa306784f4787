//! Futexes without threads: who waits for which word, who is woken, and what becomes of a word whose owner changes or dies.
//!
//! futex(2) is small in the manual and large in its corners: counts of 0 that wake one, operands that are sign-extended from
//! 12 bits, waiters that must not meet others of a different kind, lists in a dead thread's memory that may be endless. All
//! of it is arithmetic and queues, so it stands here, beside a model that is too simple to be wrong. What sleeps, and the
//! memory that the words are in, are the kernel's.

mod bucket;
mod key;
mod operation;
mod owners;
mod robust;
#[cfg(test)]
mod tests;
mod word;

pub use bucket::{Bucket, Kind, Mixed, Requeued, Waiter, Woken};
pub use key::{BUCKETS, FutexKey, bucket_of};
pub use operation::{Unsupported, WakeOperation};
pub use owners::Owners;
pub use robust::{Death, HEAD_BYTES, LIMIT, RobustFutex, death, walk};
pub use word::{LockStep, OWNER_DIED, TID_MASK, WAITERS, handed_to, inherited, is_consistent, lock_step};

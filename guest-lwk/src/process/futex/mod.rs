//! futex(2): threads that wait until a word in memory changes.
//!
//! The rules are `lwk_core::futex`'s; here are the queues' locks, the words in programs' memory, and the sleep.
//!
//! Locks are taken in this order: the address space, the queues (two of them by their numbers), the owners of locks, the
//! table of processes. An address space stays locked from the moment its word's place is found until the word has been read or
//! changed: else the page could be given away or copied in between. Nothing of this is held while a thread is parked.

mod deadline;
mod leave;
mod lock;
mod place;
mod queue;
mod requeue;
mod requeue_lock;
mod wait;
mod wait_many;
mod wake;

pub use deadline::Deadline;
pub use leave::{leave, release};
pub use lock::{Patience, lock, unlock};
pub use place::{Place, Scope};
pub use requeue::{Requeue, requeue};
pub use requeue_lock::{requeue_to_lock, wait_for_requeue};
pub use wait::{Ended, Wait, wait};
pub use wait_many::wait_many;
pub use wake::{wake, wake_by_operation};

/// The bit set of who listens to every waker and of who wakes every waiter (`FUTEX_BITSET_MATCH_ANY`).
pub const ANY: u32 = u32::MAX;

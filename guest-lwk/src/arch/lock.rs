//! Locks that may be held while the LWK waits for Linux.
//!
//! The LWK is not preempted, so a spin lock that is held for some instructions never meets a thread of the same vCPU.
//! An address space is locked while a page of it is read from a file: whoever wants it meanwhile lets other threads run.
#![allow(unsafe_code)]

use alloc::sync::Arc;
use core::cell::UnsafeCell;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicBool, Ordering};

use super::current;
use crate::schedule;

/// Takes note that this thread holds one lock more or less: whoever holds one must not begin what may need it.
fn count(change: fn(usize, usize) -> usize) {
    if let Some(thread) = current::try_thread() {
        let held = &thread.locks_held;
        held.store(change(held.load(Ordering::Relaxed), 1), Ordering::Relaxed);
    }
}

/// A value that one thread at a time uses; the others give way until it is free.
pub struct SleepLock<T> {
    held: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: `held` lets one holder at a time to the value.
unsafe impl<T: Send> Send for SleepLock<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for SleepLock<T> {}

impl<T> SleepLock<T> {
    /// A free lock.
    pub const fn new(value: T) -> Self {
        Self { held: AtomicBool::new(false), value: UnsafeCell::new(value) }
    }

    /// The value; nobody else has the lock.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }

    fn acquire(&self) {
        while !self.try_acquire() {
            schedule::give_way();
        }
    }

    fn try_acquire(&self) -> bool {
        let is_free = !self.held.swap(true, Ordering::Acquire);
        if is_free {
            count(usize::wrapping_add);
        }
        is_free
    }

    /// Waits for the lock. The caller holds no spin lock.
    pub fn lock(&self) -> SleepGuard<'_, T> {
        self.acquire();
        SleepGuard(self)
    }

    /// The lock, if nobody has it now.
    pub fn try_lock(&self) -> Option<SleepGuard<'_, T>> {
        self.try_acquire().then(|| SleepGuard(self))
    }

    /// The same for a lock that may be replaced by another one while it is held.
    pub fn lock_shared(self: Arc<Self>) -> SharedGuard<T> {
        self.acquire();
        SharedGuard(self)
    }
}

/// The right to use the value of a [`SleepLock`].
pub struct SleepGuard<'a, T>(&'a SleepLock<T>);

/// The right to use the value of a [`SleepLock`] that it keeps alive.
pub struct SharedGuard<T>(Arc<SleepLock<T>>);

macro_rules! guard {
    ($($guard:ty),*) => { $(
        impl<T> Deref for $guard {
            type Target = T;

            fn deref(&self) -> &T {
                // SAFETY: the guard is the only way to the value while `held` is set.
                unsafe { &*self.0.value.get() }
            }
        }

        impl<T> DerefMut for $guard {
            fn deref_mut(&mut self) -> &mut T {
                // SAFETY: as above.
                unsafe { &mut *self.0.value.get() }
            }
        }

        impl<T> Drop for $guard {
            fn drop(&mut self) {
                self.0.held.store(false, Ordering::Release);
                count(usize::wrapping_sub);
            }
        }
    )* };
}
guard!(SleepGuard<'_, T>, SharedGuard<T>);

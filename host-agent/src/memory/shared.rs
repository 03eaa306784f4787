//! Memory that the agent and its proxies share from before the fork.
#![allow(unsafe_code)]

use std::io;
use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr;

use super::mapping::Mapping;

/// A `T` in memory that children of fork(2) share.
#[derive(Debug)]
pub(crate) struct Shared<T> {
    memory: Mapping,
    value: PhantomData<T>,
}

impl<T: Default + Sync> Shared<T> {
    /// A shared `T`. It is never dropped, so it should own nothing.
    ///
    /// # Errors
    /// Those of mmap(2).
    pub(crate) fn new() -> io::Result<Self> {
        const { assert!(align_of::<T>() <= 4096 && size_of::<T>() > 0 && !std::mem::needs_drop::<T>()) };
        let memory = Mapping::of_zeroes(size_of::<T>(), true)?;
        let place: *mut T = ptr::with_exposed_provenance_mut(memory.start());
        // SAFETY: the mapping is new, ours, aligned to a page and large enough.
        unsafe { place.write(T::default()) };
        Ok(Self { memory, value: PhantomData })
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        let place: *const T = ptr::with_exposed_provenance(self.memory.start());
        // SAFETY: `new` wrote a `T` there, and nobody has ever had it for writing.
        unsafe { &*place }
    }
}

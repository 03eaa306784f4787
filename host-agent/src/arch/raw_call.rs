//! System calls by number.
//!
//! The numbers come from the table and the arguments from a checked request, so no wrapper can know their types.
//! What keeps this sound is the type of the arguments: a pointer can only be made of memory that is the
//! partition's or our own, a number only where the table's row says that Linux takes a number.
#![allow(unsafe_code)]

use std::arch::asm;
use std::marker::PhantomData;

use crate::memory::{HostRun, Taken, faulting_address};

/// One argument of a system call, as Linux gets it; `'a` is the life of the memory of our own that it points to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub(crate) struct Argument<'a>(u64, PhantomData<&'a ()>);

impl<'a> Argument<'a> {
    /// A null pointer, or 0.
    pub(crate) const NULL: Self = Self(0, PhantomData);

    /// A number. The caller vouches that Linux does not take it as an address.
    pub(crate) const fn number(value: u64) -> Self {
        Self(value, PhantomData)
    }

    /// A pointer to checked memory of the partition.
    pub(crate) fn partition(run: HostRun) -> Self {
        Self(run.address() as u64, PhantomData)
    }

    /// A pointer to memory of our own; Linux may read and write it while the call runs.
    pub(crate) fn own<T>(memory: &'a mut [T]) -> Self {
        Self(memory.as_mut_ptr().expose_provenance() as u64, PhantomData)
    }

    /// A pointer to memory of our own that Linux only reads.
    pub(crate) fn own_shared<T>(memory: &'a [T]) -> Self {
        Self(memory.as_ptr().expose_provenance() as u64, PhantomData)
    }

    /// A pointer to scratch memory. Used no longer than the scratch memory is not reset: its mapping may end then.
    pub(crate) fn scratch(memory: Taken) -> Self {
        Self(memory.address() as u64, PhantomData)
    }

    /// An address at which any access faults, for more bytes than any call moves.
    pub(crate) fn faulting() -> Self {
        Self(faulting_address() as u64, PhantomData)
    }

    /// What Linux finds in the register.
    pub(crate) const fn register(self) -> u64 {
        self.0
    }

    /// An address that belongs to the kernel: Linux refuses it before it looks at anything else.
    pub(crate) const fn beyond_programs() -> Self {
        Self(0xffff_8000_0000_0000, PhantomData)
    }
}

/// One entry of a vector (`struct iovec`), made as soundly as an [`Argument`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub(crate) struct Vector {
    base: Argument<'static>,
    length: u64,
}

impl Vector {
    /// Checked memory of the partition.
    pub(crate) fn partition(run: HostRun) -> Self {
        Self { base: Argument::partition(run), length: run.length() as u64 }
    }

    /// `length` bytes at which any access faults.
    pub(crate) fn faulting(length: u64) -> Self {
        Self { base: Argument::faulting(), length }
    }

    /// Leaves out its first `bytes` bytes, at most its length.
    pub(crate) fn advance(&mut self, bytes: u64) {
        let bytes = bytes.min(self.length);
        self.base.0 += bytes;
        self.length -= bytes;
    }

    /// Its length in bytes.
    pub(crate) const fn length(&self) -> u64 {
        self.length
    }
}

/// A `struct msghdr`, made as soundly as an [`Argument`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub(crate) struct Message<'a> {
    pub(crate) name: Argument<'a>,
    pub(crate) name_length: u32,
    pub(crate) padding: u32,
    pub(crate) vectors: Argument<'a>,
    pub(crate) vector_count: u64,
    pub(crate) control: Argument<'a>,
    pub(crate) control_length: u64,
    pub(crate) flags: i32,
    pub(crate) tail: u32,
}

const _: () = {
    assert!(size_of::<Vector>() == size_of::<libc::iovec>());
    assert!(size_of::<Message<'_>>() == size_of::<libc::msghdr>());
};

/// Executes system call `number`; the answer is a value or a negated errno from -4095 to -1.
pub(crate) fn call(number: i64, arguments: [Argument<'_>; 6]) -> i64 {
    let [rdi, rsi, rdx, r10, r8, r9] = arguments.map(|argument| argument.0);
    let result: i64;
    // SAFETY: every pointer among the arguments was made by a constructor above, of memory that outlives the call.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number => result,
            in("rdi") rdi, in("rsi") rsi, in("rdx") rdx, in("r10") r10, in("r8") r8, in("r9") r9,
            lateout("rcx") _, lateout("r11") _,
            options(nostack)
        );
    }
    result
}

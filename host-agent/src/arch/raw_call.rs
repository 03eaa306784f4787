//! System calls by number.
//!
//! The numbers come from the table and the arguments from a checked request, so no wrapper can know their types.
//! What keeps this sound is the type of the arguments: a pointer can only be made of memory that is the
//! partition's or our own, a number only where the table's row says that Linux takes a number.
#![allow(unsafe_code)]

use std::arch::asm;

use crate::memory::{HostRun, faulting_address};

/// One argument of a system call, as Linux gets it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub(crate) struct Argument(u64);

impl Argument {
    /// A null pointer, or 0.
    pub(crate) const NULL: Self = Self(0);

    /// A number. The caller vouches that Linux does not take it as an address.
    pub(crate) const fn number(value: u64) -> Self {
        Self(value)
    }

    /// A pointer to checked memory of the partition.
    pub(crate) fn partition(run: HostRun) -> Self {
        Self(run.address() as u64)
    }

    /// A pointer to memory of our own; Linux may read and write it while the call runs.
    pub(crate) fn own<T>(memory: &mut [T]) -> Self {
        Self(memory.as_mut_ptr().expose_provenance() as u64)
    }

    /// A pointer to memory of our own that Linux only reads.
    pub(crate) fn own_shared<T>(memory: &[T]) -> Self {
        Self(memory.as_ptr().expose_provenance() as u64)
    }

    /// An address at which any access faults, for more bytes than any call moves.
    pub(crate) fn faulting() -> Self {
        Self(faulting_address() as u64)
    }
}

/// One entry of a vector (`struct iovec`), made as soundly as an [`Argument`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub(crate) struct Vector {
    base: Argument,
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

    /// Its length in bytes.
    pub(crate) const fn length(&self) -> u64 {
        self.length
    }
}

/// A `struct msghdr`, made as soundly as an [`Argument`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub(crate) struct Message {
    pub(crate) name: Argument,
    pub(crate) name_length: u32,
    pub(crate) padding: u32,
    pub(crate) vectors: Argument,
    pub(crate) vector_count: u64,
    pub(crate) control: Argument,
    pub(crate) control_length: u64,
    pub(crate) flags: i32,
    pub(crate) tail: u32,
}

const _: () = {
    assert!(size_of::<Vector>() == size_of::<libc::iovec>());
    assert!(size_of::<Message>() == size_of::<libc::msghdr>());
};

/// Executes system call `number`; the answer is a value or a negated errno from -4095 to -1.
pub(crate) fn call(number: u32, arguments: [Argument; 6]) -> i64 {
    let [a, b, c, d, e, f] = arguments.map(|argument| argument.0);
    let result: i64;
    // SAFETY: every pointer among the arguments was made by a constructor above, of memory that outlives the call.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") u64::from(number) => result,
            in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d, in("r8") e, in("r9") f,
            lateout("rcx") _, lateout("r11") _,
            options(nostack)
        );
    }
    result
}

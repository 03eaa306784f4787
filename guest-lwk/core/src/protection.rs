//! What a program may do with a page, in mmap(2)'s own bits.
//!
//! The values are Linux's `PROT_*`, so that an argument of mmap(2) or mprotect(2) becomes one of these by
//! `from_bits` and anything unknown in it is found out at the same place.

use bitflags::bitflags;

bitflags! {
    /// The access that an area of memory allows: Linux's `PROT_*` values (mmap(2)). None of them is `PROT_NONE`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
    pub struct Protection: u32 {
        /// Pages may be read (`PROT_READ`).
        const READ = 1;
        /// Pages may be written (`PROT_WRITE`).
        const WRITE = 2;
        /// Pages may be executed (`PROT_EXEC`).
        const EXECUTE = 4;
    }
}

impl Protection {
    /// Whether pages may be written.
    #[must_use]
    pub const fn is_writable(self) -> bool {
        self.contains(Self::WRITE)
    }

    /// Whether any access is allowed.
    #[must_use]
    pub const fn is_accessible(self) -> bool {
        !self.is_empty()
    }
}

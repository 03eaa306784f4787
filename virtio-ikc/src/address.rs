//! Addresses that cannot be confused.
//!
//! A number that a program hands to the LWK, a number that the LWK hands to the agent, and a pointer in the
//! agent's own memory are three different things; most escapes from a hypervisor begin where two of them are
//! mixed. Each has a type of its own, and only the memory modules turn one into another.

use core::fmt;
use core::ops::Range;

/// Bytes in the smallest page that x86-64 translates (Intel SDM vol. 3, 4.5).
pub const PAGE_SIZE: u64 = 4096;
/// Bytes in a page that a page-directory entry maps (Intel SDM vol. 3, 4.5).
pub const LARGE_PAGE_SIZE: u64 = 2 << 20;
/// Bytes in a page that a page-directory-pointer entry maps (Intel SDM vol. 3, 4.5).
pub const HUGE_PAGE_SIZE: u64 = 1 << 30;

macro_rules! address {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        #[repr(transparent)]
        pub struct $name(pub u64);

        impl $name {
            /// The address as a plain number.
            #[must_use]
            pub const fn as_u64(self) -> u64 {
                self.0
            }

            /// The address `bytes` further up, or `None` past the end of the number space.
            #[must_use]
            pub const fn checked_add(self, bytes: u64) -> Option<Self> {
                match self.0.checked_add(bytes) {
                    Some(sum) => Some(Self(sum)),
                    None => None,
                }
            }

            /// The nearest address at or below this one that `alignment` (a power of two) divides.
            #[must_use]
            pub const fn align_down(self, alignment: u64) -> Self {
                Self(self.0 & !(alignment - 1))
            }

            /// The nearest address at or above this one that `alignment` (a power of two) divides, or `None`
            /// past the end of the number space.
            #[must_use]
            pub const fn align_up(self, alignment: u64) -> Option<Self> {
                match self.0.checked_add(alignment - 1) {
                    Some(sum) => Some(Self(sum & !(alignment - 1))),
                    None => None,
                }
            }

            /// Whether `alignment` (a power of two) divides the address.
            #[must_use]
            pub const fn is_aligned(self, alignment: u64) -> bool {
                self.0 & (alignment - 1) == 0
            }

            /// The `length` bytes that start here, or `None` if they wrap around.
            #[must_use]
            pub const fn span(self, length: u64) -> Option<Range<u64>> {
                match self.0.checked_add(length) {
                    Some(end) => Some(self.0..end),
                    None => None,
                }
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:#x})"), self.0)
            }
        }

        impl fmt::LowerHex for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::LowerHex::fmt(&self.0, f)
            }
        }
    };
}

address! {
    /// An address in a program's (or the LWK's) address space: a claim until the page tables confirm it.
    GuestVirtual
}
address! {
    /// An address in the partition's physical address space: a claim until the owner of the memory checks it.
    GuestPhysical
}

/// The number of bytes `length` becomes when it is rounded up to whole pages, or `None` on overflow.
#[must_use]
pub const fn page_align_up(length: u64) -> Option<u64> {
    match length.checked_add(PAGE_SIZE - 1) {
        Some(sum) => Some(sum & !(PAGE_SIZE - 1)),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_never_wraps() {
        assert_eq!(GuestPhysical(u64::MAX).align_up(PAGE_SIZE), None);
        assert_eq!(GuestPhysical(1).align_up(PAGE_SIZE), Some(GuestPhysical(PAGE_SIZE)));
        assert_eq!(GuestVirtual(0x1fff).align_down(PAGE_SIZE), GuestVirtual(0x1000));
        assert_eq!(GuestVirtual(u64::MAX).span(2), None);
        assert_eq!(page_align_up(u64::MAX), None);
        assert_eq!(page_align_up(1), Some(PAGE_SIZE));
    }
}

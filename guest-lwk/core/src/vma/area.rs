//! One area: its fields, its parts, and when two of them are one.

use bitflags::bitflags;
use core::ops::Range;

use crate::protection::Protection;

bitflags! {
    /// What is special about an area.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
    pub struct VmaFlags: u32 {
        /// Writes are seen by others (`MAP_SHARED`).
        const SHARED = 1;
        /// It grows downwards when the program touches what is below it (`MAP_GROWSDOWN`).
        const GROWS_DOWN = 1 << 1;
        /// No memory is promised for it (`MAP_NORESERVE`).
        const NO_RESERVE = 1 << 2;
        /// It stays resident (mlock(2)).
        const LOCKED = 1 << 3;
        /// A child does not get it (`MADV_DONTFORK`).
        const DONT_FORK = 1 << 4;
        /// A child finds zeros there (`MADV_WIPEONFORK`).
        const WIPE_ON_FORK = 1 << 5;
        /// A core dump leaves it out (`MADV_DONTDUMP`).
        const DONT_DUMP = 1 << 6;
        /// The stack of the first thread: `[stack]` in `/proc/self/maps`.
        const STACK = 1 << 7;
        /// What brk(2) moves the end of: `[heap]` in `/proc/self/maps`.
        const HEAP = 1 << 8;
        /// No large pages wanted (`MADV_NOHUGEPAGE`).
        const NO_HUGE = 1 << 9;
        /// Large pages wanted (`MADV_HUGEPAGE`).
        const HUGE = 1 << 10;
        /// Not the program's to change (vDSO, time page).
        const SPECIAL = 1 << 11;
        /// It is charged to the account of promised memory.
        const ACCOUNTED = 1 << 12;
    }
}

/// Where an area's bytes come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Backing {
    /// Nothing: the pages begin as zeros.
    Anonymous,
    /// A file.
    File {
        /// Which one: the agent's name for it.
        handle: u64,
        /// Where in the file the area begins, in bytes, a multiple of the page size.
        offset: u64,
    },
    /// Memory that several mappings share (`MAP_SHARED | MAP_ANONYMOUS`, shmget(2)).
    Shared {
        /// Which: the LWK's number for it.
        object: u64,
        /// Where in it the area begins, in bytes, a multiple of the page size.
        offset: u64,
    },
    /// Pages of the LWK; the number says which.
    Special(u8),
}

impl Backing {
    /// The same from byte `offset` of it on.
    #[must_use]
    pub const fn at(self, offset: u64) -> Self {
        match self {
            Self::File { handle, .. } => Self::File { handle, offset },
            Self::Shared { object, .. } => Self::Shared { object, offset },
            other => other,
        }
    }

    /// The backing of what lies `bytes` further up in the same area.
    #[must_use]
    pub const fn advanced(self, bytes: u64) -> Self {
        match self {
            Self::File { handle, offset } => Self::File { handle, offset: offset.wrapping_add(bytes) },
            Self::Shared { object, offset } => Self::Shared { object, offset: offset.wrapping_add(bytes) },
            other => other,
        }
    }
}

/// A memory area. Addresses are guest-virtual and divided by the page size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vma {
    /// First address.
    pub start: u64,
    /// First address behind it.
    pub end: u64,
    /// What the program may do with it.
    pub protection: Protection,
    /// What mprotect(2) may allow; more is EACCES. It is less than everything where a file that is not open for
    /// writing is mapped shared.
    pub maximum_protection: Protection,
    /// What is special about it.
    pub flags: VmaFlags,
    /// Where its bytes come from.
    pub backing: Backing,
}

impl Vma {
    /// Its length in bytes.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.end - self.start
    }

    /// Its addresses.
    #[must_use]
    pub const fn range(&self) -> Range<u64> {
        self.start..self.end
    }

    /// Whether `address` lies in it.
    #[must_use]
    pub const fn contains(&self, address: u64) -> bool {
        self.start <= address && address < self.end
    }

    /// The part of it that lies in `range`, with the offset in its file moved along, or `None` if there is none.
    #[must_use]
    pub fn clip(&self, range: &Range<u64>) -> Option<Self> {
        let start = self.start.max(range.start);
        let end = self.end.min(range.end);
        if start >= end {
            return None;
        }
        Some(Self { start, end, backing: self.backing.advanced(start - self.start), ..*self })
    }

    /// Whether `next` begins where this area ends and differs in nothing, so that both are one area.
    #[must_use]
    pub fn continues_in(&self, next: &Self) -> bool {
        self.end == next.start
            && self.protection == next.protection
            && self.maximum_protection == next.maximum_protection
            && self.flags == next.flags
            && !matches!(self.backing, Backing::Special(_))
            && self.backing.advanced(self.bytes()) == next.backing
    }
}

//! Memory that has been promised.
//!
//! An LWK never kills a program because memory ran out: whoever asks for more than there is gets ENOMEM when he
//! asks. So every area whose pages the LWK may have to supply is charged in full when it is made, in the way of
//! Linux's strict accounting (`vm.overcommit_memory` 2, proc(5)), and areas that never need memory of their own are
//! free, which keeps reservations of terabytes working.

use crate::protection::Protection;
use crate::vma::{Backing, VmaFlags};

/// The promise cannot be kept: ENOMEM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfMemory;

/// How much memory has been promised, and how much may be. In bytes.
#[derive(Clone, Copy, Debug)]
pub struct CommitAccount {
    limit: u64,
    used: u64,
}

impl CommitAccount {
    /// An account that can promise `limit` bytes.
    #[must_use]
    pub const fn new(limit: u64) -> Self {
        Self { limit, used: 0 }
    }

    /// Promises `bytes` more.
    ///
    /// # Errors
    /// [`OutOfMemory`] if that is more than is left; nothing is promised then.
    pub fn charge(&mut self, bytes: u64) -> Result<(), OutOfMemory> {
        if bytes > self.available() {
            return Err(OutOfMemory);
        }
        self.used += bytes;
        Ok(())
    }

    /// Takes the promise of `bytes` back, which were charged before.
    pub fn uncharge(&mut self, bytes: u64) {
        debug_assert!(bytes <= self.used, "{bytes} bytes given back, {} promised", self.used);
        self.used = self.used.saturating_sub(bytes);
    }

    /// Bytes that are promised now (`Committed_AS` of proc(5)).
    #[must_use]
    pub const fn used(&self) -> u64 {
        self.used
    }

    /// Bytes that may be promised altogether (`CommitLimit` of proc(5)).
    #[must_use]
    pub const fn limit(&self) -> u64 {
        self.limit
    }

    /// Bytes that may still be promised.
    #[must_use]
    pub const fn available(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }
}

/// Whether an area is charged: its pages may come to need memory of the partition, and the program has not
/// said that it takes the risk (`MAP_NORESERVE`).
///
/// Private writable areas are, whatever they are backed by, because every page of theirs may be written and
/// then be theirs alone. Shared memory is charged as an object of its own, however many areas show it, and shared file pages are
/// the host's. Stacks are not charged: each thread asks for megabytes (`MAP_STACK`) and uses kilobytes, and a partition has to have thousands of
/// threads; their pages are charged when they are touched.
#[must_use]
pub fn is_accounted(protection: Protection, flags: VmaFlags, backing: Backing) -> bool {
    let stack = flags.contains(VmaFlags::STACK) && backing == Backing::Anonymous;
    if flags.contains(VmaFlags::NO_RESERVE) || stack && !flags.contains(VmaFlags::SHARED) {
        return false;
    }
    match backing {
        Backing::Special(_) | Backing::Shared { .. } => false,
        Backing::File { .. } if flags.contains(VmaFlags::SHARED) => false,
        Backing::Anonymous | Backing::File { .. } => protection.is_writable(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: Backing = Backing::File { handle: 1, offset: 0 };
    const READ_WRITE: Protection = Protection::READ.union(Protection::WRITE);

    #[test]
    fn the_limit_is_reached_exactly_and_a_refusal_costs_nothing() {
        let mut account = CommitAccount::new(10);
        assert_eq!(account.charge(7), Ok(()));
        assert_eq!(account.charge(4), Err(OutOfMemory));
        assert_eq!(account.charge(u64::MAX), Err(OutOfMemory));
        assert_eq!(account.charge(3), Ok(()));
        assert_eq!(account.available(), 0);
        account.uncharge(10);
        assert_eq!(account.used(), 0);
    }

    #[test]
    fn private_writable_areas_are_accounted() {
        assert!(is_accounted(READ_WRITE, VmaFlags::empty(), Backing::Anonymous));
        assert!(is_accounted(READ_WRITE, VmaFlags::empty(), FILE));
        assert!(!is_accounted(Protection::READ, VmaFlags::empty(), FILE));
        assert!(!is_accounted(Protection::empty(), VmaFlags::empty(), Backing::Anonymous));
    }

    #[test]
    fn what_is_shared_is_not_accounted_with_the_area() {
        assert!(!is_accounted(READ_WRITE, VmaFlags::SHARED, Backing::Shared { object: 1, offset: 0 }));
        assert!(!is_accounted(READ_WRITE, VmaFlags::SHARED, FILE));
    }

    #[test]
    fn stacks_are_charged_when_they_are_touched() {
        assert!(!is_accounted(READ_WRITE, VmaFlags::STACK, Backing::Anonymous));
        assert!(is_accounted(READ_WRITE, VmaFlags::STACK | VmaFlags::SHARED, Backing::Anonymous));
    }

    #[test]
    fn no_reserve_is_free() {
        assert!(!is_accounted(READ_WRITE, VmaFlags::NO_RESERVE, Backing::Anonymous));
        assert!(!is_accounted(READ_WRITE, VmaFlags::empty(), Backing::Special(1)));
    }
}

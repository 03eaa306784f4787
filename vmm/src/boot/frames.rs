//! Hands out the memory behind the image, from below; what is left at the end is the LWK's.

use virtio_ikc::address::{GuestPhysical, PAGE_SIZE};

use super::BootError;

/// Pages that have not been used.
#[derive(Debug)]
pub(super) struct Frames {
    next: u64,
    end: u64,
}

impl Frames {
    /// The pages from `start` (rounded up) to `end`.
    pub(super) const fn new(start: GuestPhysical, end: u64) -> Self {
        Self { next: start.as_u64().next_multiple_of(PAGE_SIZE), end }
    }

    /// Takes `pages` pages that follow one another. They hold zeros, as fresh memory does.
    pub(super) fn take(&mut self, pages: u64) -> Result<GuestPhysical, BootError> {
        let start = self.next;
        let end = pages.checked_mul(PAGE_SIZE).and_then(|bytes| start.checked_add(bytes));
        let end = end.filter(|end| *end <= self.end).ok_or(BootError::NoMemory)?;
        self.next = end;
        Ok(GuestPhysical(start))
    }

    /// The first page that has not been taken.
    pub(super) const fn next(&self) -> GuestPhysical {
        GuestPhysical(self.next)
    }
}

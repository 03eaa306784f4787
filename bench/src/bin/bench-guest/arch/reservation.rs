//! Address space without memory: what runtimes reserve by the terabyte and touch piece by piece.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::io;

use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};

/// The step at which memory is touched: the smallest page of x86-64.
const PAGE: usize = 4096;
/// The size of a large page, on which the touched part begins.
const LARGE_PAGE: usize = 2 << 20;

/// A reservation, unmapped when dropped.
pub(crate) struct Reservation {
    start: *mut c_void,
    length: usize,
}

impl Reservation {
    /// Of `length` bytes, a multiple of 4 KiB.
    ///
    /// # Errors
    /// What mmap(2) answers.
    pub(crate) fn new(length: usize) -> io::Result<Self> {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping at an address of the kernel's choice replaces none that is in use.
        let start =
            unsafe { mmap_anonymous(std::ptr::null_mut(), length, access, MapFlags::PRIVATE | MapFlags::NORESERVE)? };
        Ok(Self { start, length })
    }

    /// Writes to each 4 KiB of the first `length` bytes that begin on a large page; gives how many of them were
    /// otherwise zero.
    pub(crate) fn touch(&self, length: usize) -> u64 {
        let first = self.start.cast::<u8>();
        let skipped = first.align_offset(LARGE_PAGE);
        assert!(skipped + length <= self.length, "the reservation is too small");
        let mut zero = 0;
        for offset in (skipped..skipped + length).step_by(PAGE) {
            // SAFETY: both bytes lie in the mapping, which nobody else knows; volatile, so that each access is made.
            unsafe {
                let page = first.add(offset);
                page.write_volatile(1);
                zero += u64::from(page.add(PAGE / 2).read_volatile() == 0);
            }
        }
        zero
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        // SAFETY: the mapping made above, to which no reference exists.
        let unmapped = unsafe { munmap(self.start, self.length) };
        debug_assert!(unmapped.is_ok(), "munmap of a whole mapping");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terabyte_can_be_reserved_and_is_zero_where_it_is_touched() {
        let reservation = Reservation::new(1 << 40).unwrap();
        assert_eq!(reservation.touch(4 << 20), 1024);
        assert_eq!(reservation.touch(2 << 20), 512);
    }
}

//! Anonymous memory that comes fresh from the kernel each time, which an allocator would keep and give again.
#![allow(unsafe_code)]

use std::io;

use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};

/// The step at which memory is touched: the smallest page of x86-64.
const PAGE: usize = 4096;

/// Maps `length` bytes, a multiple of 4 KiB, writes to each 4 KiB, and unmaps them. Gives how many of them were
/// otherwise zero. The write comes first: reading a page first would have Linux map its page of zeros, and then fault
/// once more.
///
/// # Errors
/// What mmap(2) and munmap(2) answer.
pub(crate) fn touch(length: usize) -> io::Result<u64> {
    let access = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: a new mapping at an address of the kernel's choice replaces none that is in use.
    let start = unsafe { mmap_anonymous(std::ptr::null_mut(), length, access, MapFlags::PRIVATE)? };
    let mut zero = 0;
    for offset in (0..length).step_by(PAGE) {
        // SAFETY: both bytes lie in the mapping, which nobody else knows; volatile, so that each access is made.
        unsafe {
            let page = start.cast::<u8>().add(offset);
            page.write_volatile(1);
            zero += u64::from(page.add(PAGE / 2).read_volatile() == 0);
        }
    }
    // SAFETY: the mapping made above, to which no reference exists.
    unsafe { munmap(start, length)? };
    Ok(zero)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_comes_zeroed_even_the_second_time() {
        for _ in 0..2 {
            assert_eq!(touch(16 * PAGE).unwrap(), 16);
        }
    }
}

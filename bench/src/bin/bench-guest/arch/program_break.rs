//! The program break, moved by hand as an allocator moves it.
#![allow(unsafe_code)]

use std::io;

/// The step at which memory is touched: the smallest page of x86-64.
const PAGE: usize = 4096;

/// Moves the break up by `steps` times `step` bytes (a multiple of 4 KiB), writes to each 4 KiB after each step, and
/// moves it back. Gives how many of them were otherwise zero. The allocator must not be used meanwhile: nothing here
/// does, and the program has one thread.
///
/// # Errors
/// What brk(2) answers.
pub(crate) fn grow_and_shrink(steps: usize, step: usize) -> io::Result<u64> {
    let mut zero = 0;
    for _ in 0..steps {
        zero += touch(move_by(step.cast_signed())?, step);
    }
    move_by(-(steps * step).cast_signed())?;
    Ok(zero)
}

/// Gives the break as it was before.
fn move_by(bytes: isize) -> io::Result<*mut u8> {
    // SAFETY: memory above the allocator's is given and taken back; nobody else holds a pointer to it.
    let before = unsafe { libc::sbrk(bytes) };
    if before.addr() == usize::MAX { Err(io::Error::last_os_error()) } else { Ok(before.cast()) }
}

fn touch(start: *mut u8, length: usize) -> u64 {
    let mut zero = 0;
    for offset in (0..length).step_by(PAGE) {
        // SAFETY: both bytes lie between the old break and the new one; volatile, so that each access is made.
        unsafe {
            let page = start.add(offset);
            page.write_volatile(1);
            zero += u64::from(page.add(PAGE / 2).read_volatile() == 0);
        }
    }
    zero
}

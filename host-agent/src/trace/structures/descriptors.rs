//! Structures of calls on descriptors.

use crate::trace::bytes::{i32_at, i64_at, u16_at, u32_at, u64_at};
use std::fmt::{Result, Write};
use virtio_ikc::table::names::describe;

/// A 32-bit number.
pub(super) fn int(bytes: &[u8], out: &mut dyn Write) -> Result {
    write!(out, "{}", i32_at(bytes, 0))
}

/// The members of a set of bits: descriptors or CPUs.
pub(super) fn set(bytes: &[u8], out: &mut dyn Write) -> Result {
    out.write_char('[')?;
    let mut first = true;
    for bit in 0..bytes.len() * 8 {
        if bytes[bit / 8] >> (bit % 8) & 1 == 0 {
            continue;
        }
        write!(out, "{}{bit}", if first { "" } else { " " })?;
        first = false;
    }
    out.write_char(']')
}

/// `struct pollfd`.
pub(super) fn pollfd(bytes: &[u8], out: &mut dyn Write) -> Result {
    let (descriptor, events, answer) = (i32_at(bytes, 0), u16_at(bytes, 4), u16_at(bytes, 6));
    write!(out, "{{fd={descriptor}")?;
    if descriptor >= 0 {
        out.write_str(", events=")?;
        describe("poll", events.into(), out)?;
    }
    if answer != 0 {
        out.write_str(", revents=")?;
        describe("poll", answer.into(), out)?;
    }
    out.write_char('}')
}

/// `struct epoll_event`, packed.
pub(super) fn epoll_event(bytes: &[u8], out: &mut dyn Write) -> Result {
    out.write_str("{events=")?;
    describe("epoll_events", u32_at(bytes, 0).into(), out)?;
    write!(out, ", data={{u32={}, u64={}}}}}", u32_at(bytes, 4), u64_at(bytes, 4))
}

/// `struct flock`.
pub(super) fn lock(bytes: &[u8], out: &mut dyn Write) -> Result {
    out.write_str("{l_type=")?;
    describe("lock", u16_at(bytes, 0).into(), out)?;
    out.write_str(", l_whence=")?;
    describe("seek", u16_at(bytes, 2).into(), out)?;
    write!(out, ", l_start={}, l_len={}}}", i64_at(bytes, 8), i64_at(bytes, 16))
}

/// `struct winsize`.
pub(super) fn window_size(bytes: &[u8], out: &mut dyn Write) -> Result {
    let field = |place: usize| u16_at(bytes, place * 2);
    write!(out, "{{ws_row={}, ws_col={}, ws_xpixel={}, ws_ypixel={}}}", field(0), field(1), field(2), field(3))
}

/// `struct termios` as the kernel knows it.
pub(super) fn terminal(bytes: &[u8], out: &mut dyn Write) -> Result {
    let field = |place: usize| u32_at(bytes, place * 4);
    write!(out, "{{c_iflag={:#x}, c_oflag={:#x}, ", field(0), field(1))?;
    write!(out, "c_cflag={:#x}, c_lflag={:#x}, ...}}", field(2), field(3))
}

//! What a call answered.

use super::bytes::low_half;
use super::structures;
use super::view::View;
use std::fmt::{Result, Write};
use virtio_ikc::table::names::{describe, errno_name, errno_text};

const F_GETFD: i32 = 1;
const F_GETFL: i32 = 3;

/// Prints the answer in the base that suits the call.
pub(super) fn print(view: View<'_>, out: &mut dyn Write) -> Result {
    let Some(value) = view.success() else {
        return print_number(view.record.result, out);
    };
    match view.call.name {
        "mmap" | "brk" | "mremap" | "shmat" => write!(out, "{value:#x}"),
        "umask" => structures::print_mode(low_half(value), out),
        "fcntl" if view.int(1) == F_GETFL => print_flags("open", value, out),
        "fcntl" if view.int(1) == F_GETFD && value != 0 => print_flags("descriptor", value, out),
        "poll" | "ppoll" | "select" | "pselect6" if value == 0 => out.write_str("0 (Timeout)"),
        _ => print_number(view.record.result, out),
    }
}

/// Prints a plain number, or an error with its name and text.
pub(super) fn print_number(result: i64, out: &mut dyn Write) -> Result {
    let error = result.checked_neg().filter(|errno| (1..=4095).contains(errno));
    let Some(errno) = error else {
        return write!(out, "{result}");
    };
    match (errno_name(errno), errno_text(errno)) {
        (Some(name), Some(text)) if errno >= 512 => write!(out, "? {name} ({text})"),
        (Some(name), Some(text)) => write!(out, "-1 {name} ({text})"),
        _ => write!(out, "-1 (errno {errno})"),
    }
}

fn print_flags(set: &str, value: u64, out: &mut dyn Write) -> Result {
    write!(out, "{:#x} (flags ", low_half(value))?;
    describe(set, value, out)?;
    out.write_char(')')
}

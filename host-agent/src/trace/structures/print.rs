//! From an argument to the text of what it points to.

use super::find::find;
use super::known::{Count, Known};
use crate::trace::argument::{print_address, shape};
use crate::trace::bytes::until_nul;
use crate::trace::quote;
use crate::trace::view::{View, cut};
use std::fmt::{Result, Write};
use virtio_ikc::message::Direction;
use virtio_ikc::table::ioctl::Shape;
use virtio_ikc::table::{Argument, Size};

/// Elements of an array that are printed; as strace(1)'s default.
const ELEMENTS: usize = 32;

/// Prints what argument `position` points to, or the address if that says nothing.
pub(in crate::trace) fn print(view: View<'_>, position: usize, out: &mut dyn Write) -> Result {
    let bytes = view.capture(position);
    let address = view.argument(position);
    if address == 0 || !holds_something(view, position) {
        return print_address(address, out);
    }
    match find(view, position) {
        Some(known) if bytes.len() >= known.bytes => print_known(known, bytes, view.is_truncated(position), out),
        Some(Known { count: Count::Array(0), .. }) => out.write_str("[]"),
        Some(_) => print_address(address, out),
        None => match string_length(view, position) {
            Some(length) if length == 0 || !bytes.is_empty() => print_string(bytes, length, out),
            _ => print_address(address, out),
        },
    }
}

/// Memory that Linux only writes holds nothing before the call has succeeded.
fn holds_something(view: View<'_>, position: usize) -> bool {
    let direction = match view.call.arguments.get(position) {
        Some(argument) if argument.plain_buffer().is_none() => match shape(view) {
            Shape::Buffer(direction, _) => Some(direction),
            _ => None,
        },
        Some(argument) => argument.plain_buffer().map(|(direction, _)| direction),
        None => None,
    };
    direction != Some(Direction::OUT) || view.success().is_some()
}

fn print_known(known: Known, bytes: &[u8], truncated: bool, out: &mut dyn Write) -> Result {
    let Count::Array(count) = known.count else {
        return (known.printer)(bytes, out);
    };
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    out.write_char('[')?;
    let mut printed = 0;
    for element in bytes.chunks_exact(known.bytes).take(count.min(ELEMENTS)) {
        if printed > 0 {
            out.write_str(", ")?;
        }
        (known.printer)(element, out)?;
        printed += 1;
    }
    let more = printed < count && (truncated || printed == ELEMENTS);
    out.write_str(if more { ", ...]" } else { "]" })
}

fn print_string(bytes: &[u8], length: u64, out: &mut dyn Write) -> Result {
    let shown = cut(bytes, length);
    let more = u64::try_from(shown.len()).is_ok_and(|shown| shown < length);
    quote::buffer(shown, more, out)
}

/// How long the string is that argument `position` points to, if it is one: as long as the program says if Linux
/// reads it, as long as Linux says if Linux writes it and answers the length.
fn string_length(view: View<'_>, position: usize) -> Option<u64> {
    match (view.call.arguments.get(position)?, view.call.name) {
        (Argument::In(Size::Argument(length)), _) => Some(view.count(usize::from(*length))),
        (Argument::Out(_), "getcwd") => u64::try_from(until_nul(view.capture(position)).len()).ok(),
        (Argument::Out(_), name) if answers_length(name) => view.success(),
        _ => None,
    }
}

fn answers_length(call: &str) -> bool {
    matches!(call, "read" | "pread64" | "recvfrom" | "readlink" | "readlinkat" | "getxattr" | "lgetxattr" | "fgetxattr")
        || matches!(call, "listxattr" | "llistxattr" | "flistxattr" | "listxattrat")
        || matches!(call, "getrandom" | "syslog" | "mq_timedreceive")
}

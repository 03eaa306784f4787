//! One argument.

use super::bytes::{low_half, low_int, until_nul};
use super::view::{View, cut};
use super::{quote, structures};
use std::fmt::{Result, Write};
use virtio_ikc::table::Argument;
use virtio_ikc::table::ioctl::Shape;
use virtio_ikc::table::names::{describe, signal_name};

const AT_FDCWD: i32 = -100;
const O_CREAT: i32 = 0o100;
const O_TMPFILE: i32 = 0o20_000_000;

/// How many arguments are worth printing: a mode that creates nothing and an argument that is ignored are not.
pub(super) fn shown(view: View<'_>) -> usize {
    let all = view.call.arguments.len();
    let creates = |flags: usize| view.int(flags) & (O_CREAT | O_TMPFILE) != 0;
    let last_is_ignored = match view.call.name {
        "open" => !creates(1),
        "openat" => !creates(2),
        "mq_open" => return if creates(1) { all } else { 2 },
        "futex" => return futex_arguments(view.int(1)).min(all),
        _ => shape(view) == Shape::None,
    };
    all - usize::from(last_is_ignored)
}

/// How many arguments `operation` of futex(2) looks at.
fn futex_arguments(operation: i32) -> usize {
    const FUTEX_COMMAND: i32 = 0x7f;
    match operation & FUTEX_COMMAND {
        // FUTEX_UNLOCK_PI, FUTEX_TRYLOCK_PI
        7 | 8 => 2,
        // FUTEX_WAKE
        1 => 3,
        // FUTEX_WAIT, FUTEX_LOCK_PI, FUTEX_LOCK_PI2
        0 | 6 | 13 => 4,
        // FUTEX_REQUEUE
        3 => 5,
        _ => 6,
    }
}

/// Prints argument `position`.
pub(super) fn print(view: View<'_>, position: usize, out: &mut dyn Write) -> Result {
    let Some(kind) = view.call.arguments.get(position) else {
        return Ok(());
    };
    let value = view.argument(position);
    match *kind {
        Argument::Int | Argument::Fd | Argument::Pid => print_int(view, position, out),
        Argument::Long => print_long(view, position, out),
        Argument::DirFd if low_int(value) == AT_FDCWD => out.write_str("AT_FDCWD"),
        Argument::DirFd => write!(out, "{}", low_int(value)),
        Argument::Hex | Argument::Unused => print_hex(value, out),
        Argument::Mode => structures::print_mode(low_half(value), out),
        Argument::Named(set) => describe(set, value, out),
        Argument::Signal => print_signal(low_int(value), out),
        Argument::Address => print_address(value, out),
        Argument::Path | Argument::Text => print_string(view, position, out),
        Argument::VectorIn(_) | Argument::VectorOut(_) => print_vector(view, position, out),
        Argument::In(_)
        | Argument::Out(_)
        | Argument::InOut(_)
        | Argument::MessageIn
        | Argument::MessageOut
        | Argument::MessagesIn(_)
        | Argument::MessagesOut(_)
        | Argument::WaitMask(_)
        | Argument::WaitMaskPair => structures::print(view, position, out),
        Argument::Ioctl | Argument::Fcntl | Argument::SemaphoreControl | Argument::QueueControl => {
            print_by_shape(view, position, out)
        }
    }
}

/// What the last argument is if a command decides (fcntl(2), ioctl(2) and their like).
pub(super) fn shape(view: View<'_>) -> Shape {
    let arguments = std::array::from_fn(|position| view.argument(position));
    view.call.arguments.last().and_then(|last| last.commanded(&arguments)).unwrap_or(Shape::Opaque)
}

/// An address in hexadecimal, or `NULL`.
pub(super) fn print_address(value: u64, out: &mut dyn Write) -> Result {
    if value == 0 { out.write_str("NULL") } else { write!(out, "{value:#x}") }
}

/// A signal's name as signal(7) has it, `SIGRT_n` for a real-time one, the number otherwise.
pub(super) fn print_signal(signal: i32, out: &mut dyn Write) -> Result {
    match u32::try_from(signal).ok().and_then(signal_name) {
        Some(name) => out.write_str(name),
        None if signal == 32 => out.write_str("SIGRTMIN"),
        None if (33..=64).contains(&signal) => write!(out, "SIGRT_{}", signal - 32),
        None => write!(out, "{signal}"),
    }
}

fn print_int(view: View<'_>, position: usize, out: &mut dyn Write) -> Result {
    match option_set(view, position) {
        Some(set) => describe(set, view.argument(position), out),
        None => write!(out, "{}", view.int(position)),
    }
}

/// The set that names a socket option: which one, the level decides.
fn option_set(view: View<'_>, position: usize) -> Option<&'static str> {
    const SOL_SOCKET: i32 = 1;
    const SOL_TCP: i32 = 6;
    let is_option = matches!(view.call.name, "setsockopt" | "getsockopt") && position == 2;
    match view.int(1) {
        SOL_SOCKET if is_option => Some("socket_option"),
        SOL_TCP if is_option => Some("tcp_option"),
        _ => None,
    }
}

fn print_long(view: View<'_>, position: usize, out: &mut dyn Write) -> Result {
    let value = view.argument(position);
    if view.is_length(position) {
        return write!(out, "{value}");
    }
    write!(out, "{}", value.cast_signed())
}

/// Bits in hexadecimal, or `0`.
pub(super) fn print_hex(value: u64, out: &mut dyn Write) -> Result {
    if value == 0 { out.write_char('0') } else { write!(out, "{value:#x}") }
}

fn print_string(view: View<'_>, position: usize, out: &mut dyn Write) -> Result {
    const EFAULT: i64 = 14;
    let (value, bytes) = (view.argument(position), view.capture(position));
    if value == 0 || (bytes.is_empty() && view.record.result == -EFAULT) {
        return print_address(value, out);
    }
    let text = until_nul(bytes);
    quote::whole(text, view.is_truncated(position) && text.len() == bytes.len(), out)
}

fn print_vector(view: View<'_>, position: usize, out: &mut dyn Write) -> Result {
    let bytes = view.capture(position);
    let shown = match view.call.arguments.get(position) {
        Some(Argument::VectorOut(_)) => cut(bytes, view.success().unwrap_or_default()),
        _ => bytes,
    };
    if shown.is_empty() {
        return print_address(view.argument(position), out);
    }
    out.write_str("[{iov_base=")?;
    quote::buffer(shown, view.is_truncated(position), out)?;
    out.write_str(", ...}]")
}

fn print_by_shape(view: View<'_>, position: usize, out: &mut dyn Write) -> Result {
    let value = view.argument(position);
    match shape(view) {
        Shape::None => Ok(()),
        Shape::Value if view.call.name == "fcntl" => print_fcntl_value(view, value, out),
        Shape::Value => write!(out, "{}", low_int(value)),
        Shape::Buffer(..) => structures::print(view, position, out),
        Shape::Opaque => print_hex(value, out),
    }
}

fn print_fcntl_value(view: View<'_>, value: u64, out: &mut dyn Write) -> Result {
    const F_SETFD: i32 = 2;
    const F_SETFL: i32 = 4;
    const F_ADD_SEALS: i32 = 1033;
    match view.int(1) {
        F_SETFD => describe("descriptor", value, out),
        F_SETFL => describe("open", value, out),
        F_ADD_SEALS => describe("seals", value, out),
        _ => write!(out, "{}", low_int(value)),
    }
}

//! Structures of calls on signals.

use crate::trace::argument::print_address;
use crate::trace::bytes::{u32_at, u64_at};
use std::fmt::{Result, Write};
use virtio_ikc::table::names::{describe, signal_name};

const SIGNALS: u32 = 64;
/// The flag that says that `sa_restorer` counts.
const SA_RESTORER: u64 = 0x0400_0000;
/// From this many members on, those that are missing are printed.
const MANY: u32 = SIGNALS * 2 / 3;

/// A signal set.
pub(super) fn set(bytes: &[u8], out: &mut dyn Write) -> Result {
    let members = u64_at(bytes, 0);
    if members.count_ones() >= MANY {
        out.write_char('~')?;
        return members_of(!members, out);
    }
    members_of(members, out)
}

fn members_of(members: u64, out: &mut dyn Write) -> Result {
    out.write_char('[')?;
    let mut separator = "";
    for signal in (1..=SIGNALS).filter(|signal| members >> (signal - 1) & 1 == 1) {
        out.write_str(separator)?;
        match signal_name(signal) {
            Some(name) => out.write_str(name.trim_start_matches("SIG"))?,
            None if signal == 32 => out.write_str("RTMIN")?,
            None => write!(out, "RT_{}", signal - 32)?,
        }
        separator = " ";
    }
    out.write_char(']')
}

/// `struct sigaction` as the kernel knows it.
pub(super) fn action(bytes: &[u8], out: &mut dyn Write) -> Result {
    out.write_str("{sa_handler=")?;
    match u64_at(bytes, 0) {
        0 => out.write_str("SIG_DFL")?,
        1 => out.write_str("SIG_IGN")?,
        handler => write!(out, "{handler:#x}")?,
    }
    out.write_str(", sa_mask=")?;
    set(bytes.get(24..).unwrap_or_default(), out)?;
    out.write_str(", sa_flags=")?;
    let flags = u64_at(bytes, 8);
    describe("sigaction", flags, out)?;
    if flags & SA_RESTORER != 0 {
        write!(out, ", sa_restorer={:#x}", u64_at(bytes, 16))?;
    }
    out.write_char('}')
}

/// `stack_t`.
pub(super) fn stack(bytes: &[u8], out: &mut dyn Write) -> Result {
    out.write_str("{ss_sp=")?;
    print_address(u64_at(bytes, 0), out)?;
    write!(out, ", ss_flags={:#x}, ss_size={}}}", u32_at(bytes, 8), u64_at(bytes, 16))
}

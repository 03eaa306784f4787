//! Structures of calls on processes.

use super::times;
use crate::trace::argument::print_signal;
use crate::trace::bytes::{i32_at, u64_at, until_nul};
use crate::trace::quote;
use std::fmt::{Result, Write};

/// `struct rlimit`.
pub(super) fn limit(bytes: &[u8], out: &mut dyn Write) -> Result {
    out.write_str("{rlim_cur=")?;
    one_limit(u64_at(bytes, 0), out)?;
    out.write_str(", rlim_max=")?;
    one_limit(u64_at(bytes, 8), out)?;
    out.write_char('}')
}

fn one_limit(limit: u64, out: &mut dyn Write) -> Result {
    match limit {
        u64::MAX => out.write_str("RLIM64_INFINITY"),
        1025.. if limit.is_multiple_of(1024) => write!(out, "{}*1024", limit / 1024),
        _ => write!(out, "{limit}"),
    }
}

/// `struct rusage`.
pub(super) fn usage(bytes: &[u8], out: &mut dyn Write) -> Result {
    out.write_str("{ru_utime=")?;
    times::micros(bytes, out)?;
    out.write_str(", ru_stime=")?;
    times::micros(bytes.get(16..).unwrap_or_default(), out)?;
    out.write_str(", ...}")
}

/// What wait(2) tells of a child.
pub(super) fn wait_status(bytes: &[u8], out: &mut dyn Write) -> Result {
    let status = i32_at(bytes, 0);
    let (low, high) = (status & 0x7f, status >> 8 & 0xff);
    match low {
        0 => write!(out, "{{WIFEXITED(s) && WEXITSTATUS(s) == {high}}}"),
        0x7f if status == 0xffff => out.write_str("{WIFCONTINUED(s)}"),
        0x7f => {
            out.write_str("{WIFSTOPPED(s) && WSTOPSIG(s) == ")?;
            print_signal(high, out)?;
            out.write_char('}')
        }
        _ => {
            out.write_str("{WIFSIGNALED(s) && WTERMSIG(s) == ")?;
            print_signal(low, out)?;
            out.write_str(if status & 0x80 == 0 { "}" } else { " && WCOREDUMP(s)}" })
        }
    }
}

/// `struct new_utsname`, of which the first three names fit into a capture.
pub(super) fn names(bytes: &[u8], out: &mut dyn Write) -> Result {
    const FIELD: usize = 65;
    let mut separator = "{";
    for (name, field) in ["sysname", "nodename", "release"].into_iter().zip(bytes.chunks(FIELD)) {
        write!(out, "{separator}{name}=")?;
        quote::whole(until_nul(field), false, out)?;
        separator = ", ";
    }
    out.write_str(", ...}")
}

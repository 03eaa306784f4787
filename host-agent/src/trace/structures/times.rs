//! Points in time and spans of it.

use crate::trace::bytes::i64_at;
use std::fmt::{Result, Write};

/// Stands for nanoseconds in utimensat(2).
const UTIME_NOW: i64 = 0x3fff_ffff;
const UTIME_OMIT: i64 = 0x3fff_fffe;

/// `struct timespec`.
pub(super) fn nanos(bytes: &[u8], out: &mut dyn Write) -> Result {
    write!(out, "{{tv_sec={}, tv_nsec={}}}", i64_at(bytes, 0), i64_at(bytes, 8))
}

/// `struct timeval`.
pub(super) fn micros(bytes: &[u8], out: &mut dyn Write) -> Result {
    write!(out, "{{tv_sec={}, tv_usec={}}}", i64_at(bytes, 0), i64_at(bytes, 8))
}

/// `struct timespec` as utimensat(2) takes it.
pub(super) fn file_time(bytes: &[u8], out: &mut dyn Write) -> Result {
    match i64_at(bytes, 8) {
        UTIME_NOW => out.write_str("UTIME_NOW"),
        UTIME_OMIT => out.write_str("UTIME_OMIT"),
        _ => nanos(bytes, out),
    }
}

/// `struct itimerspec`.
pub(super) fn nanos_interval(bytes: &[u8], out: &mut dyn Write) -> Result {
    interval(bytes, nanos, out)
}

/// `struct itimerval`.
pub(super) fn micros_interval(bytes: &[u8], out: &mut dyn Write) -> Result {
    interval(bytes, micros, out)
}

fn interval(bytes: &[u8], print: super::known::Printer, out: &mut dyn Write) -> Result {
    out.write_str("{it_interval=")?;
    print(bytes, out)?;
    out.write_str(", it_value=")?;
    print(bytes.get(16..).unwrap_or_default(), out)?;
    out.write_char('}')
}

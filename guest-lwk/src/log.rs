//! The LWK's log: lines that the VMM prints. Each costs an exit, so they are for what is rare.

use core::fmt::{self, Write};

use alloc::string::String;

use crate::ikc::device;

/// Something the partition cannot go on with.
pub const ERROR: u32 = 1;
/// Something the user should know.
pub const WARNING: u32 = 2;
/// Something for `--kmsg`.
pub const INFORMATION: u32 = 3;

/// Prints one line.
pub fn line(level: u32, arguments: fmt::Arguments<'_>) {
    let mut text = String::new();
    if text.write_fmt(arguments).is_ok() {
        device::log(level, text.as_bytes());
    }
}

/// Logs an error.
#[macro_export]
macro_rules! error {
    ($($argument:tt)*) => { $crate::log::line($crate::log::ERROR, format_args!($($argument)*)) };
}

/// Logs what `--kmsg` shows.
#[macro_export]
macro_rules! information {
    ($($argument:tt)*) => {
        if $crate::arch::boot::has(virtio_ikc::boot::flag::VERBOSE_LOG) {
            $crate::log::line($crate::log::INFORMATION, format_args!($($argument)*));
        }
    };
}

/// Logs what `-v` shows.
#[macro_export]
macro_rules! verbose {
    ($($argument:tt)*) => {
        if $crate::arch::boot::has(virtio_ikc::boot::flag::VERBOSE) {
            $crate::log::line($crate::log::WARNING, format_args!($($argument)*));
        }
    };
}

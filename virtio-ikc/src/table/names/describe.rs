//! From a number and the name of its set to text.

use super::set::Set;
use super::{descriptors, files, memory, processes, sockets, times};
use crate::table::ioctl;
use core::fmt::{self, Write};

const FAMILIES: [&[Set]; 6] =
    [files::SETS, descriptors::SETS, memory::SETS, processes::SETS, sockets::SETS, times::SETS];

/// Prints `number` with the names of set `set`, in strace's style; in hexadecimal if there is no such set.
///
/// # Errors
///
/// Only those of `out`.
pub fn describe(set: &str, number: u64, out: &mut dyn Write) -> fmt::Result {
    let low = low_half(number);
    if set == "ioctl" {
        return describe_request(low, out);
    }
    match find(set) {
        Some(set) => set.describe(low, out),
        None => write!(out, "{number:#x}"),
    }
}

/// The half that Linux looks at: every named number is 32 bits wide to it.
const fn low_half(number: u64) -> u32 {
    let [first, second, third, fourth, ..] = number.to_le_bytes();
    u32::from_le_bytes([first, second, third, fourth])
}

fn find(name: &str) -> Option<&'static Set> {
    FAMILIES.into_iter().flatten().find(|set| set.name == name)
}

fn describe_request(request: u32, out: &mut dyn Write) -> fmt::Result {
    if let Some(name) = ioctl::name(request) {
        return out.write_str(name);
    }
    let direction = match request >> 30 {
        0 => "_IOC_NONE",
        1 => "_IOC_WRITE",
        2 => "_IOC_READ",
        _ => "_IOC_READ|_IOC_WRITE",
    };
    let [number, family, ..] = request.to_le_bytes();
    write!(out, "_IOC({direction}, {family:#x}, {number:#x}, {:#x})", request >> 16 & 0x3fff)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Argument, CALLS};
    extern crate std;
    use std::string::String;

    fn described(set: &str, number: u64) -> String {
        let mut text = String::new();
        describe(set, number, &mut text).unwrap();
        text
    }

    #[test]
    fn every_set_that_a_row_names_is_there() {
        for call in CALLS {
            for argument in call.arguments {
                if let Argument::Named(set) = argument {
                    assert!(*set == "ioctl" || find(set).is_some(), "{}: {set}", call.name);
                }
            }
        }
    }

    #[test]
    fn no_set_is_there_twice_and_each_value_stands_in_the_mask() {
        for set in FAMILIES.into_iter().flatten() {
            assert_eq!(
                FAMILIES.into_iter().flatten().filter(|other| other.name == set.name).count(),
                1,
                "{}",
                set.name
            );
            assert!(set.values.iter().all(|value| value.0 & !set.mask == 0), "{}", set.name);
            assert!(set.flags.iter().all(|flag| flag.0 != 0 && flag.0 & set.mask == 0), "{}", set.name);
        }
    }

    #[test]
    fn numbers_are_described_as_strace_does() {
        let expected = [
            ("open", 0o2_000_000, "O_RDONLY|O_CLOEXEC"),
            ("open", 0o1101, "O_WRONLY|O_CREAT|O_TRUNC"),
            ("open", 0o20_200_002, "O_RDWR|O_TMPFILE"),
            ("protection", 0, "PROT_NONE"),
            ("protection", 5, "PROT_READ|PROT_EXEC"),
            ("map", 0x22, "MAP_PRIVATE|MAP_ANONYMOUS"),
            ("access", 0, "F_OK"),
            ("seek", 2, "SEEK_END"),
            ("seek", 77, "0x4d /* SEEK_??? */"),
            ("clone", 0x0120_0011, "CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD"),
            ("futex", 0x189, "FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME"),
            ("socket", 0x80801, "SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK"),
            ("at", 0, "0"),
            ("at", 0x8000_0000, "0x80000000 /* AT_??? */"),
            ("at", 0x8000_1000, "AT_EMPTY_PATH|0x80000000"),
            ("rusage", u64::MAX, "RUSAGE_CHILDREN"),
            ("ioctl", 0x5401, "TCGETS"),
            ("ioctl", 0xc040_6400, "_IOC(_IOC_READ|_IOC_WRITE, 0x64, 0x0, 0x40)"),
        ];
        for (set, number, text) in expected {
            assert_eq!(described(set, number), text);
        }
    }
}

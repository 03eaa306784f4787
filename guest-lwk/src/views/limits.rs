//! `limits`: those on memory, which the LWK keeps.

use linux_raw_sys::general as abi;

use super::text::Text;
use crate::process::process::Process;
use crate::syscall::first::limits::current;

/// Their lines.
pub fn text(process: &Process) -> Text {
    let mut text = Text::new();
    for (name, resource) in [
        ("Max data size", abi::RLIMIT_DATA),
        ("Max stack size", abi::RLIMIT_STACK),
        ("Max resident set", abi::RLIMIT_RSS),
        ("Max locked memory", abi::RLIMIT_MEMLOCK),
        ("Max address space", abi::RLIMIT_AS),
    ] {
        let (soft, hard) = current(process, resource.into());
        text.put(format_args!("{name:25} "));
        for limit in [soft, hard] {
            match limit {
                u64::MAX => text.put(format_args!("{:20} ", "unlimited")),
                limit => text.put(format_args!("{limit:<20} ")),
            }
        }
        text.put(format_args!("{:10}\n", "bytes"));
    }
    text
}

//! Numbers that more than one file shows.

use alloc::string::String;
use core::fmt::Write;

use virtio_ikc::address::PAGE_SIZE;

use super::areas::Areas;
use super::text::Text;
use crate::process::process::Process;
use crate::process::thread::Thread;

/// Ticks of times(2) in a second, and nanoseconds of one.
const TICK_NANOSECONDS: u64 = 10_000_000;

/// `statm`: sizes in pages.
pub fn statm(areas: &Areas) -> Text {
    let sums = areas.sums();
    let pages = |bytes: u64| bytes.div_ceil(PAGE_SIZE);
    let mut text = Text::new();
    text.put(format_args!(
        "{} {} {} {} 0 {} 0\n",
        pages(areas.space.total),
        pages(sums.resident()),
        pages(sums.file + sums.shared),
        pages(code(areas)),
        pages(sums.data + sums.stack)
    ));
    text
}

/// Bytes of the program's own code.
pub fn code(areas: &Areas) -> u64 {
    let code = &areas.space.program.code;
    code.end.next_multiple_of(PAGE_SIZE) - (code.start & !(PAGE_SIZE - 1))
}

/// Nanoseconds as ticks of times(2).
pub fn ticks(nanoseconds: u64) -> u64 {
    nanoseconds / TICK_NANOSECONDS
}

/// What `thread` does, as a letter.
pub fn state(process: &Process, thread: &Thread) -> char {
    if process.stop.is_stopped() {
        'T'
    } else if thread.is_on_vcpu() || !thread.run.lock().is_parked() {
        'R'
    } else {
        'S'
    }
}

/// A set of CPUs as a mask of `count` bits: 32 of them between two commas.
pub fn mask(words: &[u64], count: usize) -> String {
    let mut text = String::new();
    for part in (0..count.div_ceil(32)).rev() {
        let bits = words.get(part / 2).copied().unwrap_or(0) >> (part % 2 * 32) & 0xffff_ffff;
        let digits = if text.is_empty() { (count - part * 32).min(32).div_ceil(4) } else { 8 };
        let comma = if text.is_empty() { "" } else { "," };
        let _ = write!(text, "{comma}{bits:0digits$x}");
    }
    text
}

/// The same as a list.
pub fn list(words: &[u64], count: usize) -> String {
    let is_set = |cpu: usize| cpu < count && words.get(cpu / 64).is_some_and(|word| word >> (cpu % 64) & 1 != 0);
    let mut text = String::new();
    let mut cpu = 0;
    while cpu < count {
        let first = cpu;
        while is_set(cpu) {
            cpu += 1;
        }
        let comma = if text.is_empty() { "" } else { "," };
        let _ = match cpu - first {
            0 => Ok(()),
            1 => write!(text, "{comma}{first}"),
            _ => write!(text, "{comma}{first}-{}", cpu - 1),
        };
        cpu += 1;
    }
    text
}

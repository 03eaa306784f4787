//! What concerns the whole partition: memory and processors.

use super::numbers;
use super::text::Text;
use crate::arch::time;
use crate::memory::{commit, frames};
use crate::process::table;
use crate::schedule;

/// `/proc/meminfo`, or with `prefix` that of a node.
pub fn memory(prefix: &str) -> Text {
    let (total, used, _) = frames::usage();
    let free = total - used;
    let (promised, limit) = commit::usage();
    let mut text = Text::new();
    for (name, bytes) in [
        ("MemTotal", total),
        ("MemFree", free),
        ("MemUsed", used),
        ("MemAvailable", free),
        ("Active", used),
        ("Active(anon)", used),
        ("AnonPages", used),
        ("CommitLimit", limit),
        ("Committed_AS", promised),
    ] {
        let name = alloc::format!("{prefix}{name}:");
        text.put(format_args!("{name:<16}{:>8} kB\n", bytes >> 10));
    }
    text
}

/// `/proc/stat`: processor time since the partition was started.
pub fn times() -> Text {
    let mut text = Text::new();
    let vcpus = schedule::times();
    let (busy, idle) = vcpus.iter().fold((0, 0), |(busy, idle), vcpu| (busy + vcpu.0, idle + vcpu.1));
    let ticks = |time| numbers::ticks(time::nanoseconds(time));
    text.put(format_args!("cpu  {} 0 0 {} 0 0 0 0 0 0\n", ticks(busy), ticks(idle)));
    for (index, (busy, idle)) in vcpus.iter().enumerate() {
        text.put(format_args!("cpu{index} {} 0 0 {} 0 0 0 0 0 0\n", ticks(*busy), ticks(*idle)));
    }
    let threads = table::all().into_iter().flat_map(|process| process.all_threads());
    let running = threads.filter(|thread| !thread.run.lock().is_parked()).count();
    text.put(format_args!("procs_running {running}\nprocs_blocked 0\n"));
    text
}

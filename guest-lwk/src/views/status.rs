//! `status`: the lines that the LWK knows better than Linux.

use alloc::sync::Arc;

use lwk_core::signal::{Handler, Signal, SignalSet};

use super::areas::Areas;
use super::numbers;
use super::text::Text;
use crate::arch::boot;
use crate::memory::space::AddressSpace;
use crate::process::process::Process;
use crate::process::thread::Thread;

/// The lines about `thread` of `process`.
pub fn text(process: &Arc<Process>, thread: &Thread) -> Text {
    let mut text = Text::new();
    let state = match numbers::state(process, thread) {
        'R' => "R (running)",
        'T' => "T (stopped)",
        _ => "S (sleeping)",
    };
    text.put(format_args!("State:\t{state}\n"));
    memory(&mut text, &Areas::of(process));
    text.put(format_args!("Threads:\t{}\n", process.all_threads().len()));
    let signals = Signals::of(process, thread);
    for (name, set) in [
        ("SigPnd", signals.of_thread),
        ("ShdPnd", signals.of_process),
        ("SigBlk", signals.blocked),
        ("SigIgn", signals.ignored),
        ("SigCgt", signals.caught),
    ] {
        text.put(format_args!("{name}:\t{:016x}\n", set.0));
    }
    let count = boot::page().vcpu_count as usize;
    let allowed = thread.allowed_vcpus();
    text.put(format_args!("Cpus_allowed:\t{}\n", numbers::mask(&allowed, count)));
    text.put(format_args!("Cpus_allowed_list:\t{}\n", numbers::list(&allowed, count)));
    text.put(format_args!("Mems_allowed:\t00000001\nMems_allowed_list:\t0\n"));
    let used = thread.spent.account();
    text.put(format_args!("voluntary_ctxt_switches:\t{}\n", used.voluntary_switches));
    text.put(format_args!("nonvoluntary_ctxt_switches:\t{}\n", used.involuntary_switches));
    text
}

fn memory(text: &mut Text, areas: &Areas) {
    let (sums, space) = (areas.sums(), &areas.space);
    let code = numbers::code(areas);
    for (name, bytes) in [
        ("VmPeak", space.peak),
        ("VmSize", space.total),
        ("VmLck", sums.locked),
        ("VmPin", 0),
        ("VmHWM", space.resident_peak),
        ("VmRSS", sums.resident()),
        ("RssAnon", sums.anonymous),
        ("RssFile", sums.file),
        ("RssShmem", sums.shared),
        ("VmData", sums.data),
        ("VmStk", sums.stack),
        ("VmExe", code),
        ("VmLib", sums.code.saturating_sub(code)),
        ("VmPTE", AddressSpace::table_bytes(&areas.list)),
        ("VmSwap", 0),
        ("HugetlbPages", 0),
    ] {
        text.put(format_args!("{name}:\t{:8} kB\n", bytes >> 10));
    }
}

/// The sets of signals that proc(5) shows.
pub struct Signals {
    /// What waits for the thread.
    pub of_thread: SignalSet,
    /// What waits for the process.
    pub of_process: SignalSet,
    /// What the thread blocks.
    pub blocked: SignalSet,
    /// What the process ignores.
    pub ignored: SignalSet,
    /// What it has handlers for.
    pub caught: SignalSet,
}

impl Signals {
    /// Those of `thread`.
    pub fn of(process: &Process, thread: &Thread) -> Self {
        let (of_thread, blocked) = {
            let own = thread.signals.lock();
            (own.pending.set(), own.mask)
        };
        let shared = process.signals.lock();
        let (mut ignored, mut caught) = (SignalSet::EMPTY, SignalSet::EMPTY);
        for signal in Signal::all() {
            match shared.actions.get(signal).handler {
                Handler::Default => {}
                Handler::Ignore => ignored = ignored.with(signal),
                Handler::Address(_) => caught = caught.with(signal),
            }
        }
        Self { of_thread, of_process: shared.pending.set(), blocked, ignored, caught }
    }
}

//! The counters, collected.

use serde::Serialize;
use virtio_ikc::statistics::{COUNTED_CALLS, CallCount, Statistics};
use vm_memory::GuestMemoryMmap;

use super::table;
use crate::arch::plain;
use crate::boot::Booted;
use crate::cli::StatsFormat;
use crate::vm::{ExitCounts, ExitReason};

/// What the agent counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AgentCounters {
    /// Requests executed.
    pub requests: u64,
    /// Times it had to be woken by the doorbell.
    pub wakeups: u64,
    /// Interrupts sent to vCPUs.
    pub interrupts: u64,
    /// Bytes of its own memory at its start and at the end.
    pub agent_memory: [u64; 2],
    /// Bytes of the first proxy's own memory at its start and at its end (0 if it was killed).
    pub proxy_memory: [u64; 2],
}

/// One system call's counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CallLine {
    /// Its name, or its number when it has none.
    pub name: String,
    /// How often the LWK answered it.
    pub local: u64,
    /// How often Linux did.
    pub offloaded: u64,
    /// Nanoseconds from entry to return, all together.
    pub nanoseconds: u64,
}

/// The counters of a partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// By call, the one that took most time first.
    pub calls: Vec<CallLine>,
    /// By name, how often vCPUs left the guest.
    pub exits: Vec<(&'static str, u64)>,
    /// Page faults that the LWK resolved.
    pub page_faults: u64,
    /// Doorbells.
    pub doorbells: u64,
    /// Times a vCPU was halted.
    pub halts: u64,
    /// Interrupts from the device.
    pub interrupts: u64,
    /// Signals delivered to handlers.
    pub signals: u64,
    /// System calls that trapped into the host though that can be avoided.
    pub trapped: u64,
    /// `syscall` instructions that were replaced by jumps.
    pub rewritten: u64,
    /// Large pages that were needed and had been zeroed ahead.
    pub zeroed_ahead: u64,
    /// Bytes of memory that the LWK managed.
    pub memory_total: u64,
    /// Bytes in use when the program began.
    pub memory_first: u64,
    /// Bytes in use at the end.
    pub memory_used: u64,
    /// The most bytes in use.
    pub memory_peak: u64,
    /// The agent's counters.
    pub agent: AgentCounters,
}

impl Report {
    /// Reads the counters of a partition whose vCPUs have stopped.
    #[must_use]
    pub fn collect(
        memory: &GuestMemoryMmap,
        booted: &Booted,
        tsc_khz: u32,
        exits: &ExitCounts,
        agent: AgentCounters,
    ) -> Self {
        let counted = plain::read::<Statistics>(memory, booted.statistics);
        Self::of(&counted.unwrap_or_else(nothing), tsc_khz, exits, agent)
    }

    fn of(counted: &Statistics, tsc_khz: u32, exits: &ExitCounts, agent: AgentCounters) -> Self {
        let used = (0..).zip(&counted.calls).filter(|(_, count)| count.local + count.offloaded > 0);
        let mut calls: Vec<_> = used.map(|(number, count)| line(number, count, tsc_khz)).collect();
        calls.sort_by(|one, other| other.nanoseconds.cmp(&one.nanoseconds).then(one.name.cmp(&other.name)));
        Self {
            calls,
            exits: ExitReason::ALL.iter().map(|reason| (reason.name(), exits.of(*reason))).collect(),
            page_faults: counted.page_faults,
            doorbells: counted.doorbells,
            halts: counted.halts,
            interrupts: counted.interrupts,
            signals: counted.signals,
            trapped: counted.trapped,
            rewritten: counted.rewritten,
            zeroed_ahead: counted.zeroed_ahead,
            memory_total: counted.memory_total,
            memory_first: counted.memory_first,
            memory_used: counted.memory_used,
            memory_peak: counted.memory_peak,
            agent,
        }
    }

    /// The report as text.
    #[must_use]
    pub fn render(&self, format: StatsFormat) -> String {
        match format {
            StatsFormat::Table => table::render(self),
            StatsFormat::Json => serde_json::to_string(self).unwrap_or_else(|error| format!("\"{error}\"")),
        }
    }
}

fn nothing() -> Statistics {
    Statistics {
        calls: [CallCount::default(); COUNTED_CALLS],
        page_faults: 0,
        doorbells: 0,
        halts: 0,
        interrupts: 0,
        memory_total: 0,
        memory_first: 0,
        memory_used: 0,
        memory_peak: 0,
        signals: 0,
        trapped: 0,
        rewritten: 0,
        zeroed_ahead: 0,
    }
}

fn line(number: u64, count: &CallCount, tsc_khz: u32) -> CallLine {
    let nanoseconds = u128::from(count.ticks) * 1_000_000 / u128::from(tsc_khz.max(1));
    CallLine {
        name: name(number),
        local: count.local,
        offloaded: count.offloaded,
        nanoseconds: u64::try_from(nanoseconds).unwrap_or(u64::MAX),
    }
}

fn name(number: u64) -> String {
    virtio_ikc::table::lookup(number).map_or_else(|| format!("call_{number}"), |call| call.name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let mut counted = nothing();
        counted.calls[39] = CallCount { local: 3, offloaded: 0, ticks: 2_000_000 };
        counted.calls[0] = CallCount { local: 0, offloaded: 2, ticks: 8_000_000 };
        counted.page_faults = 7;
        Report::of(&counted, 2_000_000, &ExitCounts::default(), AgentCounters::default())
    }

    #[test]
    fn calls_have_names_and_the_dearest_comes_first() {
        let calls = report().calls;
        assert_eq!(calls[0], CallLine { name: "read".into(), local: 0, offloaded: 2, nanoseconds: 4_000_000 });
        assert_eq!(calls[1].name, "getpid");
        assert_eq!(calls.len(), 2);
    }

    #[test]
    fn machines_get_every_counter() {
        let json: serde_json::Value = serde_json::from_str(&report().render(StatsFormat::Json)).expect("JSON");
        assert_eq!(json["page_faults"], 7);
        assert_eq!(json["calls"][1]["local"], 3);
    }

    #[test]
    fn people_get_a_table() {
        let text = report().render(StatsFormat::Table);
        assert!(text.contains("getpid") && text.contains("page faults"), "{text}");
    }
}

//! The counters as tables.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};

use super::Report;

/// The report for people.
pub(super) fn render(report: &Report) -> String {
    format!("{}\n\n{}", calls(report), totals(report))
}

fn calls(report: &Report) -> Table {
    let mut table = plain();
    table.set_header(["call", "local", "offloaded", "time [us]", "each [us]"]);
    for call in &report.calls {
        let count = (call.local + call.offloaded).max(1);
        table.add_row([
            call.name.clone(),
            call.local.to_string(),
            call.offloaded.to_string(),
            microseconds(call.nanoseconds),
            microseconds(call.nanoseconds / count),
        ]);
    }
    align_numbers(&mut table);
    table
}

fn totals(report: &Report) -> Table {
    let mut table = plain();
    let mebibytes = |bytes: u64| format!("{}.{} MiB", bytes >> 20, (bytes >> 10 & 1023) * 10 / 1024);
    let exits =
        report.exits.iter().map(|(name, count)| (format!("exits: {}", name.replace('_', " ")), count.to_string()));
    let counts = [
        ("page faults", report.page_faults),
        ("doorbells", report.doorbells),
        ("halts", report.halts),
        ("interrupts", report.interrupts),
        ("signals", report.signals),
        ("system calls that trapped", report.trapped),
        ("system calls rewritten", report.rewritten),
        ("large pages zeroed ahead", report.zeroed_ahead),
        ("agent: requests", report.agent.requests),
        ("agent: wake-ups", report.agent.wakeups),
        ("agent: interrupts sent", report.agent.interrupts),
    ];
    let memory = [
        ("memory", report.memory_total),
        ("memory in use at the program's start", report.memory_first),
        ("memory in use at the end", report.memory_used),
        ("memory in use at most", report.memory_peak),
        ("agent's own memory at its start", report.agent.agent_memory[0]),
        ("agent's own memory at the end", report.agent.agent_memory[1]),
        ("first proxy's own memory at its start", report.agent.proxy_memory[0]),
        ("first proxy's own memory at its end", report.agent.proxy_memory[1]),
    ];
    let counts = counts.map(|(name, count)| (name.to_owned(), count.to_string()));
    let memory = memory.map(|(name, bytes)| (name.to_owned(), mebibytes(bytes)));
    for (name, value) in exits.chain(counts).chain(memory) {
        table.add_row([name, value]);
    }
    align_numbers(&mut table);
    table
}

fn plain() -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table
}

fn align_numbers(table: &mut Table) {
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

fn microseconds(nanoseconds: u64) -> String {
    format!("{}.{}", nanoseconds / 1000, nanoseconds % 1000 / 100)
}

//! Which CPUs a partition can have, and how quiet the kernel leaves them.

use std::fs;

use super::Row;
use crate::cli::CpuList;
use crate::partition::{LockPlaces, Topology, cpus};

pub(super) fn rows() -> Vec<Row> {
    let topology = Topology::read();
    vec![usable(&topology), isolated(&topology), tickless(), nodes(&topology), clock()]
}

fn usable(topology: &Topology) -> Row {
    const NAME: &str = "CPUs";
    let (usable, places) = match (cpus::usable(topology), LockPlaces::open()) {
        (Ok(usable), Ok(places)) => (usable, places),
        (Err(error), _) => return Row::fail(NAME, error.to_string(), "mount /sys, or bring a CPU online"),
        (_, Err(error)) => return Row::fail(NAME, error.to_string(), "make that directory usable to all"),
    };
    let value = format!("{usable} usable, {} online", topology.online().len());
    let all = usable.as_slice();
    let Some(owned) = CpuList::new(all.iter().copied().filter(|cpu| places.owner(*cpu).is_some())) else {
        return match all.len() {
            1 => Row::warn(NAME, value, "use a machine with two CPUs or more: with one, nobody can spin"),
            _ => Row::ok(NAME, value),
        };
    };
    let value = format!("{value}, {owned} in use by partitions");
    if owned == usable {
        return Row::fail(NAME, value, "end one of the partitions");
    }
    Row::warn(NAME, value, "choose among the others")
}

fn isolated(topology: &Topology) -> Row {
    const NAME: &str = "isolated CPUs";
    match CpuList::new(topology.isolated().iter().copied()) {
        Some(list) => Row::ok(NAME, list.to_string()),
        None => Row::warn(NAME, "none", "for runs without noise boot with isolcpus=managed_irq,domain,LIST"),
    }
}

fn tickless() -> Row {
    const NAME: &str = "CPUs without tick (nohz_full)";
    let list = fs::read_to_string("/sys/devices/system/cpu/nohz_full").unwrap_or_default();
    match list.trim() {
        "" | "(null)" => Row::warn(
            NAME,
            "none",
            "for runs without noise boot with nohz_full=LIST rcu_nocbs=LIST (a kernel with CONFIG_NO_HZ_FULL)",
        ),
        list => Row::ok(NAME, list),
    }
}

fn nodes(topology: &Topology) -> Row {
    const NAME: &str = "NUMA nodes";
    let nodes: Vec<String> = topology
        .nodes()
        .map(|node| match CpuList::new(topology.cpus_of_node(node).iter().copied()) {
            Some(cpus) => format!("node {node}: CPUs {cpus}"),
            None => format!("node {node}: memory only"),
        })
        .collect();
    match nodes.len() {
        0 => Row::ok(NAME, "none: all memory is equally far"),
        1 => Row::ok(NAME, nodes.join("; ")),
        _ => Row::ok(NAME, format!("{}; a partition is fastest within one", nodes.join("; "))),
    }
}

fn clock() -> Row {
    const NAME: &str = "time stamp counter";
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let flags = text.lines().find(|line| line.starts_with("flags")).unwrap_or_default();
    let has = |flag| flags.split_whitespace().any(|word| word == flag);
    let source = fs::read_to_string("/sys/devices/system/clocksource/clocksource0/current_clocksource");
    let source = source.unwrap_or_default();
    let value = format!("{}; Linux's clock is {}", rate(has("constant_tsc"), has("nonstop_tsc")), source.trim());
    if has("constant_tsc") && has("nonstop_tsc") {
        Row::ok(NAME, value)
    } else {
        Row::warn(
            NAME,
            value,
            "time in a partition drifts with the CPU's frequency; fix it (cpupower frequency-set -g performance)",
        )
    }
}

const fn rate(constant: bool, nonstop: bool) -> &'static str {
    match (constant, nonstop) {
        (true, true) => "constant and never stops",
        (true, false) => "constant, but stops in deep sleep",
        _ => "varies with the CPU's frequency",
    }
}

/// The CPU that a partition without `--cpus` would get at this moment.
pub(super) fn default_choice() -> Option<u32> {
    let usable = cpus::usable(&Topology::read()).ok()?;
    let places = LockPlaces::open().ok()?;
    usable.as_slice().iter().rev().copied().find(|cpu| places.owner(*cpu).is_none())
}

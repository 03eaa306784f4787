//! /proc/cpuinfo: the machine's entries of the partition's CPUs, numbered as the partition numbers them.

use std::collections::BTreeSet;
use std::fmt::Write;

/// The text, made of the machine's.
pub(super) fn text(machine: &str, cpus: &[usize]) -> String {
    let blocks: Vec<&str> = machine.split("\n\n").collect();
    let block = |cpu: usize| blocks.iter().copied().find(|block| number(block, "processor") == Some(cpu));
    let own: Vec<&str> = cpus.iter().map(|cpu| block(*cpu).unwrap_or_default()).collect();
    own.iter().enumerate().map(|(index, block)| entry(index, block, &own)).collect()
}

fn entry(index: usize, block: &str, own: &[&str]) -> String {
    let package = number(block, "physical id");
    let same = || own.iter().filter(|other| number(other, "physical id") == package);
    let cores: BTreeSet<_> = same().map(|other| number(other, "core id")).collect();
    let mut text = String::new();
    if block.is_empty() {
        let _ = writeln!(text, "processor\t: {index}");
    }
    for line in block.lines().filter(|line| !line.is_empty()) {
        let name = line.split(':').next().unwrap_or_default();
        let _ = match name.trim() {
            "processor" => writeln!(text, "{name}: {index}"),
            "siblings" => writeln!(text, "{name}: {}", same().count()),
            "cpu cores" => writeln!(text, "{name}: {}", cores.len()),
            _ => writeln!(text, "{line}"),
        };
    }
    text + "\n"
}

fn number(block: &str, wanted: &str) -> Option<usize> {
    let mut fields = block.lines().filter_map(|line| line.split_once(':'));
    fields.find(|(name, _)| name.trim() == wanted)?.1.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MACHINE: &str = "processor\t: 0\nphysical id\t: 0\nsiblings\t: 4\ncore id\t\t: 0\ncpu cores\t: 2\n\n\
                           processor\t: 1\nphysical id\t: 0\nsiblings\t: 4\ncore id\t\t: 0\ncpu cores\t: 2\n\n\
                           processor\t: 2\nphysical id\t: 0\nsiblings\t: 4\ncore id\t\t: 1\ncpu cores\t: 2\n\n";

    #[test]
    fn entries_are_numbered_from_0_and_count_their_neighbours() {
        let expected = "processor\t: 0\nphysical id\t: 0\nsiblings\t: 2\ncore id\t\t: 0\ncpu cores\t: 1\n\n\
                        processor\t: 1\nphysical id\t: 0\nsiblings\t: 2\ncore id\t\t: 0\ncpu cores\t: 1\n\n";
        assert_eq!(text(MACHINE, &[1, 0]), expected);
        assert!(text(MACHINE, &[2]).contains("processor\t: 0\nphysical id\t: 0\nsiblings\t: 1\n"));
    }
}

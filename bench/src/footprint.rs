//! Memory that a partition costs beyond the guest's own.
//!
//! While a program sleeps, the private pages of lwk-vmm, of its agent and of the program's proxy are added up, as Linux
//! tells them in /proc/PID/smaps. What the partition's memory maps is the guest's own and does not count.

use std::collections::HashMap;
use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::ending::{self, Deadline};

/// What lwk-vmm calls the partition's memory.
const GUEST_MEMORY: &str = "/memfd:lwk-memory";
/// lwk-vmm, the agent and a proxy.
const PROCESSES: usize = 3;
/// Between two looks; when both see the same, the start is over.
const PAUSE: Duration = Duration::from_millis(200);

/// Bytes, of a command that runs a program which sleeps longer than `limit`.
pub(crate) fn measure(command: &mut Command, limit: Duration) -> Result<f64> {
    let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().context("cannot start lwk-vmm")?;
    let settled = settle(child.id(), Deadline::after(limit));
    ending::kill(&mut child)?;
    settled
}

/// Looks until two looks see the same.
fn settle(root: u32, deadline: Deadline) -> Result<f64> {
    let mut before = None;
    while !deadline.remains().is_zero() {
        let now = look(root);
        if now.is_some() && now == before {
            return now.map(|kib| f64::from(kib) * 1024.0).context("nothing was seen");
        }
        before = now;
        thread::sleep(PAUSE);
    }
    ensure!(before.is_some(), "there were never {PROCESSES} processes: {}", deadline.complaint());
    anyhow::bail!("its memory does not settle: {}", deadline.complaint())
}

/// KiB of the process and all below it; `None` while they are not all there.
fn look(root: u32) -> Option<u32> {
    let processes = family(root, &parents());
    if processes.len() < PROCESSES {
        return None;
    }
    processes
        .iter()
        .map(|process| fs::read_to_string(format!("/proc/{process}/smaps")).ok().map(|text| private(&text)))
        .sum()
}

/// The parent of each process.
fn parents() -> HashMap<u32, u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter_map(|id: u32| Some((id, parent(&fs::read_to_string(format!("/proc/{id}/stat")).ok()?)?))).collect()
}

/// See proc_pid_stat(5): the name before it is in parentheses and may hold anything.
fn parent(stat: &str) -> Option<u32> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn family(root: u32, parents: &HashMap<u32, u32>) -> Vec<u32> {
    let mut family = vec![root];
    let mut next = 0;
    while let Some(&parent) = family.get(next) {
        family.extend(parents.iter().filter(|(_, of)| **of == parent).map(|(child, _)| *child));
        next += 1;
    }
    family
}

/// KiB of private pages outside the guest's memory.
fn private(smaps: &str) -> u32 {
    let mut of_guest = false;
    let mut sum = 0;
    for line in smaps.lines() {
        match line.split_once(':') {
            Some(("Private_Clean" | "Private_Dirty", value)) if !of_guest => {
                sum += value.trim().trim_end_matches(" kB").parse::<u32>().unwrap_or_default();
            }
            // A mapping begins with its range and ends with its name.
            _ if line.starts_with(|first: char| first.is_ascii_hexdigit() && !first.is_ascii_uppercase()) => {
                of_guest = line.contains(GUEST_MEMORY);
            }
            _ => {}
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_pages_count_except_the_guests() {
        let smaps = "\
55d0c0a00000-55d0c0a21000 r--p 00000000 fe:00 1234                       /usr/bin/lwk-vmm
Shared_Clean:         40 kB
Private_Clean:        12 kB
Private_Dirty:         8 kB
7f0000000000-7f0080000000 rw-s 00000000 00:10 42                         /memfd:lwk-memory (deleted)
Private_Clean:         0 kB
Private_Dirty:   1048576 kB
7fff00000000-7fff00021000 rw-p 00000000 00:00 0                          [stack]
Private_Dirty:         4 kB
";
        assert_eq!(private(smaps), 24);
    }

    #[test]
    fn a_family_is_all_that_descend_from_its_root() {
        let parents = HashMap::from([(2, 1), (3, 2), (4, 3), (5, 1), (6, 9)]);
        let mut found = family(2, &parents);
        found.sort_unstable();
        assert_eq!(found, [2, 3, 4]);
    }

    #[test]
    fn a_name_may_hold_parentheses() {
        assert_eq!(parent("42 (a) b) S 17 42 42 0"), Some(17));
    }
}

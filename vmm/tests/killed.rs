//! A partition that is killed leaves nothing: no process, no lock, no huge page, no changed setting.
//!
//! SIGKILL cannot be prepared for, so it is sent at many moments of a start and in the middle of a run.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use lwk_vmm::partition::{HugePool, HugeSize, LockError, LockPlaces, Topology};

/// Another partition on the same machine may be starting or ending at the same time.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until `condition` holds.
fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        sleep(Duration::from_millis(5));
    }
}

/// A program that says back what it hears and waits for more.
fn start() -> Child {
    Command::new(env!("CARGO_BIN_EXE_lwk-vmm"))
        .args(["--mem", "64M", "cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("lwk-vmm starts")
}

/// Starts a program that runs; other partitions may have all CPUs for a while.
fn start_running() -> Child {
    let mut running = None;
    eventually("a program runs", || {
        let mut child = start();
        let said = exchange(&mut child);
        match said.as_deref() {
            Some("hello") => running = Some(child),
            _ => drop(kill(child)),
        }
        running.is_some()
    });
    running.expect("it runs")
}

fn exchange(child: &mut Child) -> Option<String> {
    child.stdin.as_mut()?.write_all(b"hello").ok()?;
    let mut said = [0; 5];
    child.stdout.as_mut()?.read_exact(&mut said).ok()?;
    String::from_utf8(said.to_vec()).ok()
}

/// The processes that descend from `root`, itself included.
fn family(root: u32) -> BTreeSet<u32> {
    let parents: Vec<(u32, u32)> = fs::read_dir("/proc")
        .expect("/proc")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|pid| Some((pid, parent(pid)?)))
        .collect();
    let mut family = BTreeSet::from([root]);
    loop {
        let before = family.len();
        family.extend(
            parents.iter().filter(|(_, parent)| family.contains(parent)).map(|(pid, _)| *pid).collect::<Vec<_>>(),
        );
        if family.len() == before {
            return family;
        }
    }
}

fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// Whether the process is gone or waits only to be collected.
fn has_ended(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_none_or(|(_, rest)| rest.trim_start().starts_with(['Z', 'X']))
}

fn kill(mut child: Child) -> u32 {
    let pid = child.id();
    child.kill().expect("killed");
    child.wait().expect("collected");
    pid
}

#[test]
fn a_killed_partition_leaves_no_process_lock_page_or_setting() {
    let pool = HugePool::machine(HugeSize::Large);
    let surplus = pool.surplus();
    for milliseconds in [0, 1, 2, 3, 5, 8, 12, 20, 40, 80] {
        let child = start();
        sleep(Duration::from_millis(milliseconds));
        kill_and_look(child);
    }
    let setting = pool.overcommit();
    let child = start_running();
    assert!(family(child.id()).len() > 1, "the program has a process on Linux");
    kill_and_look(child);
    eventually("huge pages are given back", || pool.surplus() <= surplus);
    eventually("the setting is restored", || pool.overcommit() == setting);
}

fn kill_and_look(child: Child) {
    let family = family(child.id());
    let killed = kill(child);
    eventually("all processes end", || family.iter().all(|pid| has_ended(*pid)));
    let places = LockPlaces::open().expect("usable");
    for cpu in Topology::read().online() {
        match places.owner(*cpu) {
            None => {}
            Some(LockError::Owned { pid, .. }) => assert_ne!(pid, Some(killed)),
            Some(other) => panic!("{other}"),
        }
    }
}

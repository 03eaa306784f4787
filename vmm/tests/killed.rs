//! A partition that is killed leaves nothing: no process, no lock, no huge page, no changed setting.
//!
//! SIGKILL cannot be prepared for, so it is sent at many moments of a start and in the middle of a run.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use lwk_vmm::partition::{HugePool, HugeSize, LockError, LockPlaces, Topology, cpus};

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

fn start(cpu: u32) -> Child {
    Command::new(env!("CARGO_BIN_EXE_lwk-vmm"))
        .args(["--cpus", &cpu.to_string(), "--mem", "64M", "sh", "-c", "echo running; exec sleep 1000"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("lwk-vmm starts")
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
    let (surplus, setting) = (pool.surplus(), pool.overcommit());
    let usable = cpus::usable(&Topology::read()).expect("usable CPUs");
    let cpu = *usable.as_slice().last().expect("a CPU");

    for milliseconds in [0, 1, 2, 3, 5, 8, 12, 20, 40, 80] {
        let child = start(cpu);
        sleep(Duration::from_millis(milliseconds));
        let family = family(child.id());
        let killed = kill(child);
        nothing_is_left(cpu, killed, &family);
    }

    let mut child = start(cpu);
    let mut said = [0; 8];
    let mut output = child.stdout.take().expect("a pipe");
    output.read_exact(&mut said).expect("the program runs; the CPU was free");
    assert_eq!(&said, b"running\n");
    let family = family(child.id());
    assert!(family.len() > 1, "the program has a process on Linux");
    let killed = kill(child);
    nothing_is_left(cpu, killed, &family);
    eventually("huge pages are given back", || pool.surplus() <= surplus);
    eventually("the setting is restored", || pool.overcommit() == setting);
}

fn nothing_is_left(cpu: u32, killed: u32, family: &BTreeSet<u32>) {
    eventually("all processes end", || family.iter().all(|pid| has_ended(*pid)));
    match LockPlaces::open().expect("usable").owner(cpu) {
        None => {}
        Some(LockError::Owned { pid, .. }) => assert_ne!(pid, Some(killed)),
        Some(other) => panic!("{other}"),
    }
}

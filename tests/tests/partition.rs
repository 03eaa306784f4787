//! What a partition shows of itself: its own numbers, not the machine's. Linux cannot say what they are, so nothing is compared.

use std::process::Command;

use differential_tests::cpus::{Placement, Turn};
use differential_tests::lwk;

/// What `script` prints in a partition of `placement` with 512 MiB.
fn printed(placement: Placement, script: &str) -> Vec<String> {
    let cpus = placement.list().expect("enough CPUs");
    let _turn = Turn::wait().unwrap();
    let output = Command::new(lwk::executable().unwrap())
        .args(["--cpus", &cpus, "--mem", "512M", "/bin/sh", "-c", script])
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    assert!(output.status.success(), "{script}: {}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn is_installed(program: &str) -> bool {
    let found = Command::new("/bin/sh").args(["-c", &format!("command -v {program}")]).output();
    found.is_ok_and(|output| output.status.success())
}

#[test]
fn a_partition_of_one_cpu_shows_one_numbered_0() {
    let script = "cd /sys/devices/system/cpu; cat online possible present cpu0/topology/thread_siblings_list; \
                  grep -c ^processor /proc/cpuinfo; grep ^processor /proc/cpuinfo; grep -c ^cpu /proc/stat; nproc --all";
    assert_eq!(printed(Placement::OneCpu, script), ["0", "0", "0", "0", "1", "processor\t: 0", "2", "1"]);
}

#[test]
fn every_cpu_of_a_partition_is_shown() {
    if Placement::TwoCpus.list().is_none() {
        eprintln!("skipped: there is one CPU");
        return;
    }
    let script = "cat /sys/devices/system/cpu/online /sys/devices/system/node/node0/cpulist; \
                  ls -d /sys/devices/system/cpu/cpu[0-9]*; nproc; grep Cpus_allowed_list /proc/self/status";
    let folder = |cpu| format!("/sys/devices/system/cpu/cpu{cpu}");
    let expected = ["0-1", "0-1", &folder(0), &folder(1), "2", "Cpus_allowed_list:\t0-1"];
    assert_eq!(printed(Placement::TwoCpus, script), expected);
}

#[test]
fn memory_is_that_of_the_partition() {
    let script =
        "sed -n 's/^MemTotal: *//p' /proc/meminfo; sed -n 's/^.*MemTotal: *//p' /sys/devices/system/node/node0/meminfo";
    let lines = printed(Placement::OneCpu, script);
    let kilobytes = |line: &str| line.trim_end_matches(" kB").parse::<u64>().unwrap();
    assert_eq!(kilobytes(&lines[0]), kilobytes(&lines[1]));
    assert!((480 << 10..=512 << 10).contains(&kilobytes(&lines[0])), "{lines:?}");
}

#[test]
fn programs_that_ask_for_the_machine_get_the_partition() {
    for (program, script, expected) in [
        ("lscpu", "lscpu -p=CPU | grep -v '#'", "0"),
        ("python3", "python3 -c 'import os; print(os.cpu_count(), len(os.sched_getaffinity(0)))'", "1 1"),
        ("hwloc-calc", "hwloc-calc --number-of pu machine:0", "1"),
        ("free", "free -m | awk '/^Mem/ { print ($2 <= 512) }'", "1"),
    ] {
        if !is_installed(program) {
            eprintln!("skipped: {program} is not installed");
            continue;
        }
        assert_eq!(printed(Placement::OneCpu, script), [expected], "{program}");
    }
}

#[test]
fn ps_in_a_partition_shows_what_runs() {
    let script = "sleep 60 & sleep 1; ps -o args= -p $!; kill $!";
    assert_eq!(printed(Placement::OneCpu, script), ["sleep 60"]);
}

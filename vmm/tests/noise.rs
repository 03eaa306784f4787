//! `lwk-vmm noise` as a user runs it: both sides are measured, the numbers agree with each other, and nothing is left.
//!
//! How much noise there is says nothing about the command, so no time is compared with a limit.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// Another partition on the same machine may have the CPUs.
const PATIENCE: Duration = Duration::from_mins(2);

fn noise(arguments: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lwk-vmm"));
    command.arg("noise").args(arguments).current_dir(folder).stdin(Stdio::null());
    command
}

/// Runs until the CPUs are not another partition's.
fn measure(arguments: &[&str], folder: &Path) -> Output {
    let started = Instant::now();
    loop {
        let output = noise(arguments, folder).output().expect("lwk-vmm starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() {
            return output;
        }
        assert!(said.contains("another partition") || said.contains("other partitions"), "{said}");
        assert!(started.elapsed() < PATIENCE, "{said}");
        sleep(Duration::from_millis(200));
    }
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn numbers(value: &Value, names: &[&str]) -> Vec<f64> {
    names.iter().map(|name| number(&value[*name])).collect()
}

#[test]
fn two_seconds_show_both_sides_with_figures_that_agree() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let arguments = ["--duration", "2s", "--quantum", "1ms,20us", "--json", "n.json", "--plot", "n.svg"];
    let output = measure(&arguments, folder.path());
    let text = String::from_utf8(output.stdout).expect("text");
    for part in ["Quantum 1 ms", "Quantum 20 us", "native", "LWK", "99.99 %", "LWK / native: worst", "VM exits"] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    let drawn = fs::read_to_string(folder.path().join("n.svg")).expect("drawn");
    assert!(drawn.contains("</svg>") && drawn.contains("Quanta of 20 us"));
    let json = fs::read_to_string(folder.path().join("n.json")).expect("written");
    let report: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((report["clocks_agree"].as_bool(), report["rounds"].as_u64()), (Some(true), Some(1)));
    let quanta = report["quanta"].as_array().expect("an array");
    assert_eq!(quanta.len(), 2);
    quanta.iter().for_each(check_quantum);
}

fn check_quantum(quantum: &Value) {
    let fastest = number(&quantum["fastest"]);
    let sides = ["native", "lwk"];
    let minima = sides.map(|side| number(&quantum["times"][side]["minimum"]));
    assert_eq!(minima[0].min(minima[1]).to_bits(), fastest.to_bits(), "{quantum:#}");
    for side in sides {
        check_side(quantum, side, fastest);
    }
    let worst = sides.map(|side| number(&quantum["times"][side]["excess_worst"]));
    if worst[0] > 0.0 {
        assert!((number(&quantum["worst_ratio"]) - worst[1] / worst[0]).abs() < 1e-9, "{quantum:#}");
    }
}

fn check_side(quantum: &Value, side: &str, fastest: f64) {
    let (times, gaps) = (&quantum["times"][side], &quantum["gaps"][side]);
    let count = number(&times["count"]);
    // Half a second of each length at most, and never nothing.
    assert!(count >= 1.0 && count * fastest <= 0.5e9 + fastest, "{times:#}");
    let excess = numbers(times, &["excess_99", "excess_99_9", "excess_99_99", "excess_worst"]);
    assert!(excess.is_sorted() && excess[0] >= 0.0, "{times:#}");
    let [minimum, median, lost] = ["minimum", "median", "lost"].map(|name| number(&times[name]));
    assert!(fastest <= minimum && minimum <= median && median <= fastest + excess[3] + 1.0, "{times:#}");
    assert!((0.0..1.0).contains(&lost), "{times:#}");
    let sum = |list: &Value| list.as_array().expect("an array").iter().map(|line| number(&line["count"])).sum::<f64>();
    assert_eq!(sum(&quantum["histogram"][side]).to_bits(), count.to_bits(), "{quantum:#}");
    assert_eq!(sum(&gaps["causes"]).to_bits(), number(&gaps["count"]).to_bits(), "{gaps:#}");
    let worst = gaps["worst"].as_array().expect("an array");
    assert!(worst.iter().all(|gap| number(&gap["excess"]) > number(&gaps["threshold"])), "{gaps:#}");
    if let Some(first) = worst.first() {
        assert!((number(&first["excess"]) - excess[3]).abs() < 1.0, "{gaps:#}");
    }
}

#[test]
fn what_cannot_be_done_is_one_line_and_125() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    for (arguments, named) in [
        (&["--duration", "soon"][..], "'soon' is not a length of time"),
        (&["--quantum", "2h"], "'2h' is not a length of time"),
        (&["--cpus", "60000"], "CPU 60000 does not exist"),
        (&["--json", "missing/n.json"], "--json missing/n.json"),
        (&["--plot", "."], "--plot ."),
    ] {
        let output = noise(arguments, folder.path()).output().expect("lwk-vmm starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), said.lines().count()), (Some(125), 1), "{arguments:?}: {said}");
        assert!(said.starts_with("lwk-vmm: ") && said.contains(named), "{said}");
    }
}

/// The processes whose parent is `pid`.
fn children(pid: u32) -> Vec<u32> {
    let stat = |pid: u32| fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let parent = |pid: u32| stat(pid).rsplit_once(')')?.1.split_whitespace().nth(1)?.parse::<u32>().ok();
    let all = fs::read_dir("/proc").expect("/proc").filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    all.filter(|candidate| parent(*candidate) == Some(pid)).collect()
}

fn is_gone(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_none_or(|(_, rest)| rest.trim_start().starts_with(['Z', 'X']))
}

/// Starts a measurement of which a part runs; other partitions may have the CPUs for a while.
fn start(folder: &Path, moment: Duration) -> (std::process::Child, Vec<u32>) {
    let started = Instant::now();
    loop {
        let mut command = noise(&["--duration", "8s", "--json", "n.json"], folder);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("lwk-vmm starts");
        sleep(moment);
        let children = children(child.id());
        if !children.is_empty() {
            return (child, children);
        }
        let _ = child.kill();
        child.wait().expect("collected");
        assert!(started.elapsed() < PATIENCE, "no measurement could be started");
    }
}

#[test]
fn an_interrupt_ends_either_side_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    // The first slice of four seconds is native, the second the LWK's.
    for moment in [2000, 6500].map(Duration::from_millis) {
        let (mut child, parts) = start(folder.path(), moment);
        let pid = Pid::from_child(&child);
        kill_process(pid, Signal::INT).expect("sent");
        let status = child.wait().expect("collected");
        assert_eq!(status.signal(), Some(Signal::INT.as_raw()), "{status}");
        let ended = Instant::now();
        while !parts.iter().all(|pid| is_gone(*pid)) {
            assert!(ended.elapsed() < Duration::from_secs(30), "{parts:?} did not end");
            sleep(Duration::from_millis(5));
        }
        assert_eq!(fs::read_dir(folder.path()).expect("there").count(), 0);
    }
}

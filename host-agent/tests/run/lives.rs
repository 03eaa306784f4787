//! Births, signals and deaths.
#![allow(clippy::cast_sign_loss, clippy::cast_possible_truncation, reason = "small numbers")]

use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use host_agent::protocol::{FromAgent, ToAgent};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use virtio_ikc::message::{Direction, Operation, Role};

use crate::partition::{DATA, Partition};
use crate::process::Buffer;

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("a_proxy_has_the_programs_name_parent_and_descriptors", identity),
    ("an_exit_status_is_reported_after_the_counters", exit_status),
    ("a_death_by_signal_is_reported_as_such", death_by_signal),
    ("signals_of_others_become_events", signals),
    ("signals_wait_until_the_lwk_has_room_for_them", waiting_signals),
    ("ignored_signals_are_reported", ignored_signals),
    ("a_stopped_program_is_reported_and_continues", stop),
    ("what_the_terminal_stops_is_not_reported", terminal_stop),
    ("a_violation_ends_the_partition_with_a_line", violation),
    ("nothing_is_left_when_the_vmm_vanishes", vmm_vanishes),
    ("nothing_is_left_when_the_agent_is_killed", agent_killed),
    ("a_killed_proxy_is_an_ended_program", proxy_killed),
    ("what_the_program_closed_is_closed", closing),
    ("a_wrong_workdir_is_a_failure_with_a_reason", failure),
];

pub(crate) fn pid(process: i32) -> Pid {
    Pid::from_raw(process).unwrap()
}

pub(crate) fn is_gone(process: i32) -> bool {
    let end = Instant::now() + Duration::from_secs(5);
    while Instant::now() < end {
        let state = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        if state.is_empty() || state.contains(") Z ") {
            return true;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    false
}

pub(crate) fn ended(partition: &Partition) -> i32 {
    let (counters, _) = partition.hear();
    assert!(matches!(counters, FromAgent::Counters { .. }), "{counters:?}");
    match partition.hear().0 {
        FromAgent::Ended { status } => status,
        other => panic!("{other:?}"),
    }
}

fn identity() {
    let mut partition = Partition::start();
    let status = std::fs::read_to_string(format!("/proc/{}/status", partition.process)).unwrap();
    assert!(status.contains("Name:\tprogram\n"), "{status}");
    assert!(status.contains(&format!("PPid:\t{}\n", partition.parent)));
    assert_eq!(partition.parent, partition.agent.id());
    // What the test's own process has open without close-on-exec is the program's too.
    let socket = partition.agent_socket as u64;
    assert_eq!(partition.call(libc::SYS_fcntl, &[socket, libc::F_GETFD as u64], &[]), -i64::from(libc::EBADF));
    let first = partition.call(libc::SYS_dup, &[0], &[]);
    let second = partition.call(libc::SYS_dup, &[0], &[]);
    assert!((3..100).contains(&first) && second > first);
    partition.write(DATA, b"/proc/self/fd");
    let path = Buffer { argument: 1, role: Role::STRING, direction: Direction::IN, segment: (DATA, 13) };
    let directory = partition.call(libc::SYS_openat, &[0, 1, 0, 0], &[path]);
    let list = Buffer { argument: 1, role: Role::WHOLE, direction: Direction::OUT, segment: (DATA, 32768) };
    let length = partition.call(libc::SYS_getdents64, &[directory as u64, 1, 32768], &[list]);
    let listed = names(&partition.read(DATA, usize::try_from(length).unwrap()));
    assert!(listed.contains(&first.to_string()), "{listed:?}");
    assert!(listed.iter().filter_map(|name| name.parse::<i64>().ok()).all(|number| number < 500), "{listed:?}");
}

fn names(mut entries: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    while entries.len() > 19 {
        let length = usize::from(u16::from_le_bytes([entries[16], entries[17]]));
        let name = entries[19..length].split(|byte| *byte == 0).next().unwrap();
        names.push(String::from_utf8(name.to_vec()).unwrap());
        entries = &entries[length..];
    }
    names
}

fn exit_status() {
    let mut partition = Partition::start();
    partition.submit(Operation::EXIT, 0, &[3, 0], &[]);
    assert_eq!(ended(&partition), 3 << 8);
    partition.vanish();
    assert!(partition.agent.wait().unwrap().success());
}

fn death_by_signal() {
    for signal in [libc::SIGTERM, libc::SIGSEGV, libc::SIGKILL, libc::SIGRTMIN() + 3] {
        let mut partition = Partition::start();
        partition.submit(Operation::EXIT, 0, &[0, signal as u64], &[]);
        assert_eq!(ended(&partition), signal);
    }
}

fn signals() {
    let mut partition = Partition::start();
    partition.tell(&ToAgent::Signal { signal: libc::SIGTERM });
    let (signal, info) = partition.event();
    assert_eq!(signal, libc::SIGTERM as u32);
    assert_eq!(info[16..20], partition.parent.to_le_bytes()[..4].to_vec()[..]);
    kill_process(pid(partition.process), Signal::WINCH).unwrap();
    let (signal, info) = partition.event();
    assert_eq!((signal, info[0]), (libc::SIGWINCH as u32, libc::SIGWINCH as u8));
    assert_eq!(info[16..20], std::process::id().to_le_bytes());
}

fn waiting_signals() {
    let mut partition = Partition::start();
    let sent = [Signal::HUP, Signal::INT, Signal::USR1, Signal::USR2, Signal::CHILD];
    for signal in sent {
        kill_process(pid(partition.process), signal).unwrap();
    }
    let mut arrived: Vec<_> = sent.iter().map(|_| partition.event().0.cast_signed()).collect();
    arrived.sort_unstable();
    let mut sent = sent.map(Signal::as_raw);
    sent.sort_unstable();
    assert_eq!(arrived, sent);
}

fn ignored_signals() {
    let shell = "trap '' HUP; exec -a \"$0\" \"$@\"";
    let partition = Partition::start_with(|command| {
        let mut wrapped = std::process::Command::new("bash");
        wrapped.args(["-c", shell]).arg("lwk-agent").arg(command.get_program()).args(command.get_args());
        *command = wrapped;
    });
    assert_eq!(partition.ignored_signals & 1, 1);
    assert_eq!(partition.ignored_signals & 2, 0);
}

fn stop() {
    let mut partition = Partition::start();
    partition.submit(Operation::STOP, 0, &[libc::SIGTSTP as u64], &[]);
    assert!(matches!(partition.hear().0, FromAgent::Stopped { .. }));
    kill_process(pid(partition.process), Signal::CONT).unwrap();
    assert_eq!(partition.result(), 0);
    assert_eq!(partition.event().0, libc::SIGCONT as u32);
}

fn terminal_stop() {
    let mut partition = Partition::start();
    kill_process(pid(partition.process), Signal::TTIN).unwrap();
    let end = Instant::now() + Duration::from_secs(5);
    let state = || std::fs::read_to_string(format!("/proc/{}/stat", partition.process)).unwrap();
    while !state().contains(") T ") {
        assert!(Instant::now() < end, "{}", state());
    }
    std::thread::sleep(Duration::from_millis(20));
    kill_process(pid(partition.process), Signal::CONT).unwrap();
    assert_eq!(partition.event().0, libc::SIGCONT as u32);
    partition.submit(Operation::EXIT, 0, &[0, 0], &[]);
    assert_eq!(ended(&partition), 0);
}

fn violation() {
    let mut partition = Partition::start();
    partition.submit(Operation::CALL, 9, &[], &[]);
    let (message, _) = partition.hear();
    let FromAgent::Violation { text } = message else { panic!("{message:?}") };
    assert_eq!(text, "call 9 may not be offloaded");
}

fn vmm_vanishes() {
    let mut partition = Partition::start();
    partition.vanish();
    assert!(partition.agent.wait().unwrap().success());
    assert!(is_gone(partition.process));
}

fn agent_killed() {
    let mut partition = Partition::start();
    partition.agent.kill().unwrap();
    partition.agent.wait().unwrap();
    assert!(is_gone(partition.process));
}

fn proxy_killed() {
    let partition = Partition::start();
    kill_process(pid(partition.process), Signal::KILL).unwrap();
    assert_eq!(ended(&partition), libc::SIGKILL);
    assert!(test_kill_process(pid(partition.process)).is_err());
}

fn closing() {
    let (reader, writer) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap();
    let mut partition = Partition::start_with(|command| {
        command.stdout(writer);
    });
    assert_eq!(partition.call(libc::SYS_close, &[1], &[]), 0);
    let mut byte = [0];
    assert_eq!(rustix::io::read(&reader, &mut byte).unwrap(), 0, "{}", reader.as_raw_fd());
}

fn failure() {
    let (text, status) = Partition::refused("/nowhere/at/all");
    assert_eq!(status, Some(1));
    assert!(text.starts_with("cannot enter the working directory /nowhere/at/all: "), "{text}");
}

//! The program's threads, and the signals that are sent to one of them.
#![allow(clippy::cast_sign_loss, clippy::cast_possible_truncation, reason = "small numbers")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use host_agent::protocol::FromAgent;
use rustix::process::{Signal, kill_process};
use virtio_ikc::message::{Direction, Operation, Role};

use crate::arch::send_to_thread;
use crate::lives::{is_gone, pid};
use crate::partition::{DATA, Partition};
use crate::process::{Buffer, Process};

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("a_thread_has_a_tid_of_the_process_until_it_ends", life),
    ("a_tid_is_given_again_when_many_others_have_ended", rest),
    ("a_thread_with_a_name_of_its_own_has_ended_when_that_is_answered", end_of_named),
    ("a_signal_for_a_thread_is_an_event_with_its_tid", directed_signal),
    ("a_signal_for_the_process_names_no_thread", process_signal),
    ("a_thread_has_the_name_that_it_is_given", name),
    ("calls_that_mean_the_caller_mean_the_calling_thread", caller),
    ("a_thousand_threads_come_and_go", many),
    ("a_thread_that_does_not_exist_cannot_ask", stranger),
    ("a_thread_that_does_not_exist_cannot_end", end_of_stranger),
    ("the_vcpu_that_asks_is_interrupted", interrupted_vcpu),
    ("a_vcpu_that_does_not_exist_is_a_violation", no_vcpu),
];

fn start(process: &mut Process) -> u32 {
    u32::try_from(process.operate(Operation::THREAD_START, &[])).expect("a tid")
}

fn end(process: &mut Process, thread: u32) {
    assert_eq!(process.operate(Operation::THREAD_END, &[thread.into()]), 0);
}

fn of(process: &Process, thread: u32, file: &str) -> PathBuf {
    format!("/proc/{}/task/{thread}/{file}", process.process).into()
}

fn soon(condition: impl Fn() -> bool) -> bool {
    let end = Instant::now() + Duration::from_secs(20);
    while Instant::now() < end {
        if condition() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    false
}

fn send(process: &Process, thread: u32, signal: i32) {
    send_to_thread(process.process, thread.cast_signed(), signal);
}

fn life() {
    let mut partition = Partition::start();
    let thread = start(&mut partition);
    assert_ne!(thread, partition.process.cast_unsigned());
    assert!(of(&partition, thread, "comm").exists());
    end(&mut partition, thread);
    assert_eq!(partition.call(libc::SYS_getpriority, &[0, thread.into()], &[]), -i64::from(libc::ESRCH));
    assert_eq!(partition.call(libc::SYS_getpgid, &[thread.into()], &[]), -i64::from(libc::ESRCH));
}

fn rest() {
    let mut partition = Partition::start();
    let mut turn = || {
        let thread = start(&mut partition);
        end(&mut partition, thread);
        thread
    };
    let first: Vec<u32> = (0..33).map(|_| turn()).collect();
    assert!((1..33).all(|index| !first[..index].contains(&first[index])));
    let second: Vec<u32> = (0..33).map(|_| turn()).collect();
    assert_eq!(first, second);
}

fn give_name(partition: &mut Partition, thread: u32) {
    partition.write(DATA, b"worker-7");
    let name = Buffer { argument: 1, role: Role::STRING, direction: Direction::IN, segment: (DATA, 8) };
    partition.submit(Operation::THREAD_NAME, 0, &[thread.into()], &[name]);
    assert_eq!(partition.result(), 0);
}

fn end_of_named() {
    let mut partition = Partition::start();
    let thread = start(&mut partition);
    give_name(&mut partition, thread);
    end(&mut partition, thread);
    assert!(!of(&partition, thread, "comm").exists());
}

fn directed_signal() {
    let mut partition = Partition::start();
    let threads = [start(&mut partition), start(&mut partition)];
    for thread in threads.into_iter().chain([partition.process.cast_unsigned()]) {
        send(&partition, thread, libc::SIGUSR1);
        let (signal, found, info) = partition.event_of_thread();
        assert_eq!((signal, found), (libc::SIGUSR1 as u32, thread));
        assert_eq!(info[16..20], std::process::id().to_le_bytes());
    }
}

fn process_signal() {
    let mut partition = Partition::start();
    start(&mut partition);
    let process = pid(partition.process);
    for _ in 0..100 {
        kill_process(process, Signal::WINCH).unwrap();
        assert_eq!(partition.event().0, libc::SIGWINCH as u32);
    }
}

fn name() {
    let mut partition = Partition::start();
    let thread = start(&mut partition);
    give_name(&mut partition, thread);
    assert_eq!(std::fs::read_to_string(of(&partition, thread, "comm")).unwrap(), "worker-7\n");
}

fn caller() {
    let mut partition = Partition::start();
    let thread = start(&mut partition);
    partition.thread = thread;
    assert_eq!(partition.call(libc::SYS_setpriority, &[0, 0, 7], &[]), 0);
    partition.thread = partition.process.cast_unsigned();
    assert_eq!(partition.call(libc::SYS_getpriority, &[0, thread.into()], &[]), 13);
    assert_eq!(partition.call(libc::SYS_getpriority, &[0, 0], &[]), 20);
}

fn many() {
    let mut partition = Partition::start();
    let threads: Vec<u32> = (0..1000).map(|_| start(&mut partition)).collect();
    let count = |partition: &Partition| std::fs::read_dir(format!("/proc/{}/task", partition.process)).unwrap().count();
    assert!(count(&partition) > 1000);
    send(&partition, threads[999], libc::SIGUSR2);
    assert_eq!(partition.event_of_thread().1, threads[999]);
    for thread in threads {
        end(&mut partition, thread);
    }
    assert!(soon(|| count(&partition) < 100), "{} threads are left", count(&partition));
    partition.submit(Operation::EXIT, 0, &[0, 0], &[]);
    assert!(is_gone(partition.process));
}

fn violation(partition: &Partition) -> String {
    match partition.hear().0 {
        FromAgent::Violation { text } => text,
        other => panic!("{other:?}"),
    }
}

fn stranger() {
    let mut partition = Partition::start();
    partition.thread = 1;
    partition.submit(Operation::CALL, libc::SYS_getppid as u32, &[], &[]);
    assert_eq!(violation(&partition), format!("process {}, thread 1 has no proxy", partition.process));
}

fn end_of_stranger() {
    let mut partition = Partition::start();
    partition.submit(Operation::THREAD_END, 0, &[1], &[]);
    assert_eq!(violation(&partition), "malformed arguments of operation 16");
}

fn interrupted_vcpu() {
    let mut partition = Partition::start();
    for vcpu in [1, 0, 1] {
        partition.vcpu = vcpu;
        partition.want_interrupt();
        partition.call(libc::SYS_sched_get_priority_max, &[1], &[]);
        assert_eq!(partition.interrupts(vcpu as usize), 1);
    }
}

fn no_vcpu() {
    let mut partition = Partition::start();
    partition.vcpu = 2;
    partition.submit(Operation::CALL, libc::SYS_sched_get_priority_max as u32, &[1], &[]);
    assert_eq!(violation(&partition), "there is no vCPU 2");
}

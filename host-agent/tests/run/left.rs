//! Signals that stay in Linux for descriptors of signalfd(2).
#![allow(clippy::cast_sign_loss, reason = "small numbers")]

use rustix::process::{Signal, kill_process};
use virtio_ikc::message::{Direction, Operation, Role};

use crate::lives::pid;
use crate::partition::{DATA, Partition};
use crate::process::{Buffer, Process};

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("a_signal_that_is_left_is_read_from_a_descriptor", read),
    ("what_waits_becomes_an_event_when_it_is_no_longer_left", taken_back),
    ("a_returned_signal_is_read_as_it_was_sent", returned),
    ("a_child_leaves_what_its_parent_left", inherited),
];

const USR1: u64 = 1 << (libc::SIGUSR1 - 1);
const INFORMATION: u64 = DATA + 0x200;

fn whole(argument: u8, direction: Direction, segment: (u64, u64)) -> Buffer {
    Buffer { argument, role: Role::WHOLE, direction, segment }
}

fn descriptor(process: &mut Process) -> u64 {
    process.write(DATA, &USR1.to_le_bytes());
    let flags = libc::SFD_NONBLOCK as u64;
    let mask = whole(1, Direction::IN, (DATA, 8));
    let made = process.call(libc::SYS_signalfd4, &[u64::MAX, DATA, 8, flags], &[mask]);
    u64::try_from(made).expect("a descriptor")
}

/// The number, code and sender of the next signal that the descriptor shows.
fn next(process: &mut Process, descriptor: u64) -> Option<[u32; 3]> {
    let place = whole(1, Direction::OUT, (INFORMATION, 128));
    let length = process.call(libc::SYS_read, &[descriptor, INFORMATION, 128], &[place]);
    let bytes = process.read(INFORMATION, 16);
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    (length == 128).then(|| [word(0), word(8), word(12)])
}

fn leave(process: &mut Process, signals: u64) {
    assert_eq!(process.operate(Operation::LEAVE_SIGNALS, &[signals]), 0);
}

fn read() {
    let mut partition = Partition::start();
    let descriptor = descriptor(&mut partition);
    leave(&mut partition, USR1);
    assert_eq!(next(&mut partition, descriptor), None);
    kill_process(pid(partition.process), Signal::USR1).unwrap();
    assert_eq!(next(&mut partition, descriptor), Some([libc::SIGUSR1 as u32, 0, std::process::id()]));
    kill_process(pid(partition.process), Signal::USR2).unwrap();
    assert_eq!(partition.event().0, libc::SIGUSR2 as u32);
}

fn taken_back() {
    let mut partition = Partition::start();
    leave(&mut partition, USR1);
    kill_process(pid(partition.process), Signal::USR1).unwrap();
    leave(&mut partition, 0);
    assert_eq!(partition.event().0, libc::SIGUSR1 as u32);
    kill_process(pid(partition.process), Signal::USR1).unwrap();
    assert_eq!(partition.event().0, libc::SIGUSR1 as u32);
}

fn returned() {
    let mut partition = Partition::start();
    let descriptor = descriptor(&mut partition);
    leave(&mut partition, USR1);
    let mut information = [0_u8; 128];
    information[..4].copy_from_slice(&libc::SIGUSR1.to_le_bytes());
    information[16..20].copy_from_slice(&77_u32.to_le_bytes());
    partition.write(INFORMATION, &information);
    partition.submit(Operation::RETURN_SIGNAL, 0, &[], &[whole(1, Direction::IN, (INFORMATION, 128))]);
    assert_eq!(partition.result(), 0);
    assert_eq!(next(&mut partition, descriptor), Some([libc::SIGUSR1 as u32, 0, 77]));
}

fn inherited() {
    let mut partition = Partition::start();
    let descriptor = descriptor(&mut partition);
    leave(&mut partition, USR1);
    let mut child = partition.fork(2);
    kill_process(pid(child.process), Signal::USR1).unwrap();
    assert_eq!(next(&mut child, descriptor), Some([libc::SIGUSR1 as u32, 0, std::process::id()]));
    assert_eq!(next(&mut partition, descriptor), None);
}

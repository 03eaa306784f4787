//! The window of shared mappings.
#![allow(clippy::cast_sign_loss, reason = "small numbers")]

use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;

use host_agent::protocol::{FromAgent, ToAgent};
use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
use virtio_ikc::layout::WINDOW_PHYSICAL;
use virtio_ikc::message::{Direction, Operation, Role};

use crate::partition::Partition;
use crate::process::Buffer;

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("memory_in_the_window_is_the_files", memory_is_the_files),
    ("a_file_that_was_cut_short_faults", cut_short),
    ("what_the_vmm_refuses_is_refused", refused),
];

const AT: u64 = 0x10_0000;

/// A file of 8 KiB that is open in the proxy too, its number there, and its handle.
fn shared_file() -> (Partition, File, u64, u64) {
    let file = File::from(memfd_create("shared", MemfdFlags::empty()).unwrap());
    ftruncate(&file, 8192).unwrap();
    let mut partition = Partition::start();
    let number = file.as_raw_fd() as u64;
    let handle = partition.operate(Operation::FILE_REFERENCE, &[number, 3, 1]);
    assert!(handle >= 0, "{handle}");
    (partition, file, number, handle as u64)
}

fn map(partition: &mut Partition, handle: u64, error: i32) -> i64 {
    partition.submit(Operation::WINDOW_MAP, 0, &[handle, 0, 8192, AT, 1], &[]);
    let (message, files) = partition.hear();
    let expected = FromAgent::WindowMap { window: AT, length: 8192, offset: 0, writable: true };
    assert_eq!((message, files.len()), (expected, 1));
    partition.tell(&ToAgent::WindowDone { error });
    partition.result()
}

fn buffer(direction: Direction, offset: u64, length: u64) -> Buffer {
    let segment = (WINDOW_PHYSICAL + AT + offset, length);
    Buffer { argument: 1, role: Role::WHOLE, direction, segment }
}

fn memory_is_the_files() {
    let (mut partition, file, number, handle) = shared_file();
    assert_eq!(map(&mut partition, handle, 0), 0);
    file.write_all_at(b"hello", 4096).unwrap();
    let write = partition.call(libc::SYS_pwrite64, &[number, 1, 5, 0], &[buffer(Direction::IN, 4096, 5)]);
    assert_eq!(write, 5);
    let mut start = [0; 5];
    file.read_exact_at(&mut start, 0).unwrap();
    assert_eq!(&start, b"hello");
    assert_eq!(partition.operate(Operation::WINDOW_SYNC, &[AT, 8192, 4]), 0);
    partition.submit(Operation::WINDOW_UNMAP, 0, &[AT, 8192], &[]);
    assert_eq!(partition.hear().0, FromAgent::WindowUnmap { window: AT, length: 8192 });
    partition.tell(&ToAgent::WindowDone { error: 0 });
    assert_eq!(partition.result(), 0);
    let write = partition.call(libc::SYS_pwrite64, &[number, 1, 5, 0], &[buffer(Direction::IN, 4096, 5)]);
    assert_eq!(write, -i64::from(libc::EFAULT));
}

fn cut_short() {
    let (mut partition, file, number, handle) = shared_file();
    assert_eq!(map(&mut partition, handle, 0), 0);
    ftruncate(&file, 4096).unwrap();
    let write = partition.call(libc::SYS_pwrite64, &[number, 1, 5, 0], &[buffer(Direction::IN, 4096, 5)]);
    assert_eq!(write, -i64::from(libc::EFAULT));
    // This one is copied by the agent itself.
    let poll = Buffer { argument: 0, ..buffer(Direction::IN_OUT, 4096, 8) };
    assert_eq!(partition.call(libc::SYS_poll, &[1, 1, 0], &[poll]), -i64::from(libc::EFAULT));
}

fn refused() {
    let (mut partition, _file, number, handle) = shared_file();
    assert_eq!(map(&mut partition, handle, libc::ENOMEM), -i64::from(libc::ENOMEM));
    let write = partition.call(libc::SYS_pwrite64, &[number, 1, 5, 0], &[buffer(Direction::IN, 0, 5)]);
    assert_eq!(write, -i64::from(libc::EFAULT));
}

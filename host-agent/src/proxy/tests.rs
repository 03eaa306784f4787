//! The loop as a whole: requests over the ring, answers from Linux.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "small numbers"
)]

use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use virtio_ikc::message::{Direction, Operation, Request, Role};

use crate::own_descriptors::own_below;
use crate::protocol::FromAgent;
use crate::test_partition::{DATA, TestPartition, call, faulting, operation, with};

/// A call without memory that always answers 99.
fn number_99() -> Request {
    call(libc::SYS_sched_get_priority_max, &[libc::SCHED_FIFO as u64])
}

#[test]
fn a_call_without_memory_is_executed() {
    for may_spin in [false, true] {
        let partition = TestPartition::new(may_spin);
        for _ in 0..1000 {
            assert_eq!(partition.run(number_99()), 99);
        }
    }
}

#[test]
fn a_file_is_opened_written_and_read_back() {
    let partition = TestPartition::new(true);
    let path = std::env::temp_dir().join(format!("lwk-agent-test-{}", std::process::id()));
    let text = path.to_str().unwrap().as_bytes();
    partition.write(DATA, text);
    let open = call(libc::SYS_openat, &[-100_i64 as u64, 1, (libc::O_RDWR | libc::O_CREAT) as u64, 0o600]);
    let file = partition.run(with(open, 1, Role::STRING, Direction::IN, &[(DATA, text.len() as u64)]));
    assert!(file > 2);
    let file = file as u64;
    partition.write(DATA + 0x1000, b"hello");
    let write = call(libc::SYS_write, &[file, 1, 5]);
    assert_eq!(partition.run(with(write, 1, Role::WHOLE, Direction::IN, &[(DATA + 0x1000, 5)])), 5);
    let read = call(libc::SYS_pread64, &[file, 1, 100, 1]);
    let read = with(read, 1, Role::WHOLE, Direction::OUT, &[(DATA + 0x2000, 2), (DATA + 0x3000, 98)]);
    assert_eq!(partition.run(read), 4);
    assert_eq!(partition.read(DATA + 0x2000, 2), b"el");
    assert_eq!(partition.read(DATA + 0x3000, 3), b"lo\0");
    assert_eq!(partition.run(call(libc::SYS_close, &[file])), 0);
    std::fs::remove_file(path).unwrap();
}

#[test]
fn many_workers_wait_while_others_are_served() {
    for may_spin in [false, true] {
        let partition = TestPartition::new(may_spin);
        let pipes: Vec<_> = (0..8).map(|_| rustix::pipe::pipe().unwrap()).collect();
        let reads: Vec<_> = (0..8_u64)
            .map(|index| {
                let read = call(libc::SYS_read, &[pipes[index as usize].0.as_raw_fd() as u64, 1, 1]);
                let read = with(read, 1, Role::WHOLE, Direction::OUT, &[(DATA + index, 1)]);
                partition.submit(read)
            })
            .collect();
        assert_eq!(partition.run(number_99()), 99);
        for (index, read) in reads.into_iter().enumerate() {
            rustix::io::write(&pipes[index].1, &[index as u8]).unwrap();
            assert_eq!(partition.wait(read).result, 1);
        }
        assert_eq!(partition.read(DATA, 8), [0, 1, 2, 3, 4, 5, 6, 7]);
    }
}

#[test]
fn a_wait_is_interrupted() {
    for may_spin in [false, true] {
        let partition = TestPartition::new(may_spin);
        let poll = partition.submit(call(libc::SYS_poll, &[0, 0, u64::MAX]));
        let interrupt = || partition.wait(partition.submit(operation(Operation::INTERRUPT, &[poll.sequence])));
        assert_eq!(interrupt().result, 0);
        let reply = partition.wait(poll);
        assert_eq!((reply.result, reply.interrupted), (-i64::from(libc::EINTR), 1));
        assert_eq!(interrupt().result, 0);
        assert_eq!(partition.run(number_99()), 99);
    }
}

#[test]
fn a_wait_is_interrupted_before_it_is_taken() {
    let partition = TestPartition::idle(true);
    let poll = partition.submit(call(libc::SYS_poll, &[0, 0, u64::MAX]));
    let other = partition.submit(number_99());
    let queue = &partition.proxy.queues.get().unwrap().requests;
    for sequence in [poll.sequence, poll.sequence, other.sequence, 1000] {
        queue.interrupt(sequence, || false);
    }
    partition.start_worker();
    let reply = partition.wait(poll);
    assert_eq!((reply.result, reply.interrupted), (-i64::from(libc::EINTR), 1));
    let reply = partition.wait(other);
    assert_eq!((reply.result, reply.interrupted), (99, 0));
}

#[test]
fn requests_are_numbered_one_by_one() {
    let partition = TestPartition::new(true);
    partition.skip_number();
    partition.submit(number_99());
    let text = "request number 2 where 1 is next".to_owned();
    assert_eq!(partition.last_words(), Some(FromAgent::Violation { text }));
}

/// Whatever the moment of the interrupt, the read is either not done or done: no byte is lost and nobody hangs.
#[test]
fn interrupts_at_random_moments_lose_nothing() {
    let partition = TestPartition::new(true);
    let (reader, writer) = rustix::pipe::pipe().unwrap();
    let request = call(libc::SYS_read, &[reader.as_raw_fd() as u64, 1, 1]);
    let request = with(request, 1, Role::WHOLE, Direction::OUT, &[(DATA, 1)]);
    let (mut expected, mut interrupted) = (0_u8, 0);
    let mut delay = 1_u64;
    for round in 0..4000_u64 {
        let read = partition.submit(request);
        delay = delay.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(round);
        let until = Instant::now() + Duration::from_nanos((delay >> 33) % 20_000);
        let writer_first = (delay >> 40) & 1 == 1;
        while Instant::now() < until {}
        if writer_first {
            rustix::io::write(&writer, &[expected]).unwrap();
        }
        let interrupt = partition.submit(operation(Operation::INTERRUPT, &[read.sequence]));
        assert_eq!(partition.wait(interrupt).result, 0);
        let reply = partition.wait(read);
        if reply.result == 1 {
            assert_eq!(partition.read(DATA, 1), [expected]);
            assert!(writer_first);
            expected = expected.wrapping_add(1);
            continue;
        }
        assert_eq!((reply.result, reply.interrupted), (-i64::from(libc::EINTR), 1));
        interrupted += 1;
        if writer_first {
            let mut byte = [0];
            rustix::io::read(&reader, &mut byte).unwrap();
            assert_eq!(byte, [expected]);
            expected = expected.wrapping_add(1);
        }
    }
    assert!(interrupted > 100 && expected > 0);
}

#[test]
fn a_buffer_that_ends_where_memory_faults_is_read_up_to_there() {
    let partition = TestPartition::new(true);
    let file = rustix::fs::memfd_create("file", rustix::fs::MemfdFlags::CLOEXEC).unwrap();
    rustix::io::write(&file, &vec![7; 300_000]).unwrap();
    let number = file.as_raw_fd() as u64;
    for (accessible, length) in [(100_u64, 5000_u64), (100_000, 200_000)] {
        let read = call(libc::SYS_pread64, &[number, 1, length, 0]);
        let read = with(read, 1, Role::WHOLE, Direction::OUT, &[(DATA, accessible)]);
        let result = partition.run(faulting(read, length - accessible));
        assert!(result == accessible as i64 || result == -i64::from(libc::EFAULT), "{result}");
    }
    let read = call(libc::SYS_pread64, &[number, 1, 10, 0]);
    assert_eq!(partition.run(read), -i64::from(libc::EFAULT));
    let stat = with(call(libc::SYS_fstat, &[number, 1]), 1, Role::WHOLE, Direction::OUT, &[(DATA, 10)]);
    assert_eq!(partition.run(faulting(stat, 134)), -i64::from(libc::EFAULT));
}

#[test]
fn memory_in_more_pieces_than_a_vector_takes_is_moved_whole() {
    let partition = TestPartition::new(true);
    let file = rustix::fs::memfd_create("file", rustix::fs::MemfdFlags::CLOEXEC).unwrap();
    let content: Vec<u8> = (0..300_000_u32).map(|index| (index % 251) as u8).collect();
    let count = 3000_u64;
    let table = 8 << 20;
    for index in 0..count {
        partition.write(table + 16 * index, &(DATA + 128 * index).to_le_bytes());
        partition.write(table + 16 * index + 8, &100_u64.to_le_bytes());
        partition.write(DATA + 128 * index, &content[index as usize * 100..][..100]);
    }
    let write = call(libc::SYS_write, &[file.as_raw_fd() as u64, 1, 300_000]);
    let mut write = with(write, 1, Role::WHOLE, Direction::IN, &[]);
    write.header.segment_table = table;
    write.header.segment_count = 3000;
    write.buffers[0].segment_count = 3000;
    write.buffers[0].length = 300_000;
    assert_eq!(partition.run(write), 300_000);
    let mut written = vec![0; 300_000];
    rustix::io::pread(&file, &mut written[..], 0).unwrap();
    assert!(written == content);
}

#[test]
fn a_broken_pipe_is_reported_with_its_signal() {
    let partition = TestPartition::new(true);
    let (reader, writer) = rustix::pipe::pipe().unwrap();
    drop(reader);
    let write = call(libc::SYS_write, &[writer.as_raw_fd() as u64, 1, 5]);
    let write = with(write, 1, Role::WHOLE, Direction::IN, &[(DATA, 5)]);
    let reply = partition.wait(partition.submit(write));
    assert_eq!(reply.result, -i64::from(libc::EPIPE));
}

#[test]
fn the_agents_descriptors_are_closed_to_the_program() {
    let partition = TestPartition::new(true);
    let own = own_below(u64::MAX).next().unwrap();
    let bad = -i64::from(libc::EBADF);
    assert_eq!(partition.run(call(libc::SYS_close, &[own])), bad);
    assert_eq!(partition.run(call(libc::SYS_dup2, &[0, own])), bad);
    assert_eq!(partition.run(call(libc::SYS_lseek, &[own, 0, 0])), bad);
    let mut entry = [0_u8; 8];
    entry[..4].copy_from_slice(&u32::try_from(own).unwrap().to_le_bytes());
    entry[4] = 1;
    partition.write(DATA, &entry);
    let poll = with(call(libc::SYS_poll, &[1, 1, 0]), 0, Role::WHOLE, Direction::IN_OUT, &[(DATA, 8)]);
    assert_eq!(partition.run(poll), 1);
    let entry = partition.read(DATA, 8);
    assert_eq!(u64::from(u32::from_le_bytes(entry[..4].try_into().unwrap())), own);
    assert_eq!(entry[6], libc::POLLNVAL as u8);
}

#[test]
fn files_for_mappings_are_judged_by_linux_and_read() {
    let partition = TestPartition::new(true);
    let file = rustix::fs::memfd_create("file", rustix::fs::MemfdFlags::CLOEXEC).unwrap();
    rustix::io::write(&file, b"content").unwrap();
    let number = file.as_raw_fd() as u64;
    let reference = |descriptor, protection, flags| {
        partition.wait(partition.submit(operation(Operation::FILE_REFERENCE, &[descriptor, protection, flags])))
    };
    let reply = reference(number, 1, 2);
    assert_eq!((reply.result >= 0, reply.values[0]), (true, 7));
    let handle = reply.result as u64;
    let read = operation(Operation::FILE_READ, &[handle, 3]);
    let read = with(read, 0, Role::WHOLE, Direction::OUT, &[(DATA, 2), (DATA + 0x1000, 100)]);
    assert_eq!(partition.run(read), 4);
    assert_eq!((partition.read(DATA, 2), partition.read(DATA + 0x1000, 2)), (b"te".to_vec(), b"nt".to_vec()));
    assert_eq!(partition.run(operation(Operation::FILE_RELEASE, &[handle])), 0);
    let (reader, _writer) = rustix::pipe::pipe().unwrap();
    assert_eq!(reference(reader.as_raw_fd() as u64, 1, 2).result, -i64::from(libc::ENODEV));
    let read_only = std::fs::File::open("/etc/passwd").unwrap();
    assert_eq!(reference(read_only.as_raw_fd() as u64, 3, 1).result, -i64::from(libc::EACCES));
    assert_eq!(reference(u64::from(u32::MAX), 1, 2).result, -i64::from(libc::EBADF));
    let zero = std::fs::File::open("/dev/zero").unwrap();
    assert_eq!(reference(zero.as_raw_fd() as u64, 1, 2).values[3], 1);
}

#[test]
fn executables_are_opened_as_execve_would() {
    let partition = TestPartition::new(true);
    let open = |path: &[u8]| {
        partition.write(DATA, path);
        let open = operation(Operation::OPEN_EXECUTABLE, &[-100_i64 as u64, 0]);
        let open = with(open, 0, Role::STRING, Direction::IN, &[(DATA, path.len() as u64)]);
        partition.wait(partition.submit(open))
    };
    let shell = open(b"/bin/sh");
    assert!(shell.result >= 0 && shell.values[0] > 1000 && shell.values[1] == 0);
    assert_eq!(open(b"/bin/no-such-program").result, -i64::from(libc::ENOENT));
    assert_eq!(open(b"/etc/passwd").result, -i64::from(libc::EACCES));
    assert_eq!(open(b"/etc").result, -i64::from(libc::EACCES));
    assert_eq!(open(b"/etc/passwd/x").result, -i64::from(libc::ENOTDIR));
}

#[test]
fn the_executables_link_names_the_program() {
    let partition = TestPartition::new(true);
    partition.write(DATA, b"/proc/self/exe");
    let link = call(libc::SYS_readlink, &[1, 1, 6]);
    let link = with(link, 0, Role::STRING, Direction::IN, &[(DATA, 14)]);
    let link = with(link, 1, Role::WHOLE, Direction::OUT, &[(DATA + 0x100, 6)]);
    assert_eq!(partition.run(link), 6);
    assert_eq!(partition.read(DATA + 0x100, 6), b"/bin/p");
}

#[test]
fn messages_carry_bytes_addresses_and_descriptors() {
    let partition = TestPartition::new(true);
    let (one, other) = std::os::unix::net::UnixDatagram::pair().unwrap();
    let mut control = Vec::new();
    control.extend(20_u64.to_le_bytes());
    control.extend(1_u32.to_le_bytes());
    control.extend(1_u32.to_le_bytes());
    control.extend(1_u64.to_le_bytes());
    partition.write(DATA, b"ab");
    partition.write(DATA + 0x100, b"cd");
    partition.write(DATA + 0x200, &control);
    let send = call(libc::SYS_sendmsg, &[one.as_raw_fd() as u64, 1, 0]);
    let send = with(send, 1, Role::VECTOR, Direction::IN, &[(DATA, 2), (DATA + 0x100, 2)]);
    let send = with(send, 1, Role::MESSAGE_CONTROL, Direction::IN, &[(DATA + 0x200, 24)]);
    assert_eq!(partition.run(send), 4);
    let receive = call(libc::SYS_recvmsg, &[other.as_raw_fd() as u64, 1, 0]);
    let receive = with(receive, 1, Role::VECTOR, Direction::OUT, &[(DATA + 0x1000, 10)]);
    let receive = with(receive, 1, Role::MESSAGE_CONTROL, Direction::OUT, &[(DATA + 0x2000, 64)]);
    let receive = with(receive, 1, Role::MESSAGE_HEADER, Direction::IN_OUT, &[(DATA + 0x3000, 56)]);
    assert_eq!(partition.run(receive), 4);
    assert_eq!(partition.read(DATA + 0x1000, 4), b"abcd");
    assert_eq!(partition.read(DATA + 0x3000 + 40, 1), [24]);
    let passed = i32::from_le_bytes(partition.read(DATA + 0x2000 + 16, 4).try_into().unwrap());
    assert_eq!(partition.run(call(libc::SYS_close, &[passed as u64])), 0);
    let own = u32::try_from(own_below(u64::MAX).next().unwrap()).unwrap();
    partition.write(DATA + 0x200 + 16, &own.to_le_bytes());
    assert_eq!(partition.run(send), -i64::from(libc::EBADF));
}

/// Two vCPUs ask and wait at random, sometimes so long that everybody sleeps; no request may be overlooked.
#[test]
fn no_request_is_overlooked_however_the_workers_come_and_go() {
    for may_spin in [false, true] {
        let partition = TestPartition::new(may_spin);
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        let (partition, reader, writer) = (&partition, reader.as_raw_fd() as u64, writer.as_raw_fd() as u64);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                for round in 0..1500_u64 {
                    let read = call(libc::SYS_read, &[reader, 1, 1]);
                    let read = with(read, 1, Role::WHOLE, Direction::OUT, &[(DATA, 1)]);
                    assert_eq!(partition.wait(partition.submit(read)).result, 1, "{round}");
                    pause(round);
                }
            });
            scope.spawn(move || {
                for round in 0..1500_u64 {
                    assert_eq!(partition.wait(partition.submit(number_99())).result, 99, "{round}");
                    let write = call(libc::SYS_write, &[writer, 1, 1]);
                    let write = with(write, 1, Role::WHOLE, Direction::IN, &[(DATA + 64, 1)]);
                    assert_eq!(partition.wait(partition.submit(write)).result, 1, "{round}");
                    pause(round + 7);
                }
            });
        });
    }
}

/// Mostly nothing, sometimes a little, rarely longer than a watcher polls.
fn pause(round: u64) {
    match round % 97 {
        0 => std::thread::sleep(Duration::from_micros(1500)),
        5 | 50 => std::thread::sleep(Duration::from_micros(round % 300)),
        _ => {}
    }
}

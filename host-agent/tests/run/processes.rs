//! Children of the first process: their births, what they inherit, and that their ends are told.
#![allow(clippy::cast_sign_loss, clippy::cast_possible_truncation, reason = "small numbers")]

use std::fs::File;
use std::os::fd::AsRawFd;
use std::time::Duration;

use host_agent::protocol::{FromAgent, ToAgent};
use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use virtio_ikc::layout::WINDOW_PHYSICAL;
use virtio_ikc::message::{Direction, Operation, Role};

use crate::lives::{ended, is_gone, pid};
use crate::partition::{DATA, Partition};
use crate::process::{Buffer, Process, events_of, requests_of};

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("a_child_serves_its_own_queue", birth),
    ("a_child_has_the_name_of_the_thread_that_made_it", name),
    ("a_child_has_the_parents_descriptors_and_none_of_its_own_line", descriptors),
    ("what_the_parent_closes_later_stays_open_in_the_child", separate_tables),
    ("a_childs_exit_is_the_parents_to_wait_for", exit),
    ("a_killed_child_is_told_of", killed),
    ("every_end_is_told_even_without_room", many),
    ("an_orphan_lives_on_and_is_told_of", orphan),
    ("an_orphan_gets_the_signal_it_asked_for", death_signal),
    ("a_killed_agent_leaves_no_process", agent_killed),
    ("the_end_of_the_first_process_ends_all", first_ends),
    ("a_vanished_vmm_leaves_no_process", vmm_vanishes),
    ("a_group_that_is_killed_is_told_of_whole", group_killed),
    ("other_signals_at_the_end_are_refused", exit_signal),
    ("a_place_that_is_taken_is_a_violation", taken_place),
    ("queues_outside_of_the_memory_are_a_violation", bad_queues),
    ("processes_that_poll_leave_room_for_others", polling),
    ("whoever_is_killed_whenever_nobody_is_forgotten", random_kills),
    ("a_child_asks_the_vmm_itself", window),
    ("a_new_program_closes_what_it_must_and_takes_its_name", exec),
];

fn status(process: i32, field: &str) -> String {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(&format!("{field}:\t"))).expect("the field");
    line.split('\t').nth(1).unwrap().to_owned()
}

fn number_99(process: &mut Process) -> i64 {
    process.call(libc::SYS_sched_get_priority_max, &[libc::SCHED_FIFO as u64], &[])
}

fn birth() {
    let mut partition = Partition::start();
    let mut child = partition.fork(2);
    let mut grandchild = child.fork(3);
    assert_eq!(status(child.process, "PPid"), partition.process.to_string());
    assert_eq!(status(grandchild.process, "PPid"), child.process.to_string());
    for process in [&mut *partition, &mut child, &mut grandchild] {
        assert_eq!(number_99(process), 99);
        kill_process(pid(process.process), Signal::WINCH).unwrap();
        assert_eq!(process.event().0, libc::SIGWINCH as u32);
    }
}

fn name() {
    let mut partition = Partition::start();
    let child = partition.fork(2);
    assert_eq!(status(child.process, "Name"), "program");
    let thread = partition.operate(Operation::THREAD_START, &[]) as u32;
    partition.write(DATA, b"forker");
    let name = Buffer { argument: 1, role: Role::STRING, direction: Direction::IN, segment: (DATA, 6) };
    partition.submit(Operation::THREAD_NAME, 0, &[thread.into()], &[name]);
    assert_eq!(partition.result(), 0);
    partition.thread = thread;
    assert_eq!(status(partition.fork(3).process, "Name"), "forker");
}

fn own_files(process: i32) -> usize {
    let files = std::fs::read_dir(format!("/proc/{process}/fd")).unwrap();
    files.filter(|file| file.as_ref().unwrap().file_name().to_str().unwrap().parse::<u32>().unwrap() >= 500).count()
}

fn descriptors() {
    let mut partition = Partition::start();
    let opened = partition.call(libc::SYS_dup, &[0], &[]) as u64;
    let mut child = partition.fork(2);
    assert!(child.call(libc::SYS_fcntl, &[opened, libc::F_GETFD as u64], &[]) >= 0);
    // Interrupts, the link, and what says that it lives.
    let own = own_files(child.process);
    assert_eq!(own, own_files(partition.process) + 1);
    let mut sibling = partition.fork(3);
    assert_eq!((number_99(&mut sibling), own_files(sibling.process)), (99, own));
    let mut grandchild = child.fork(4);
    assert_eq!((number_99(&mut grandchild), own_files(grandchild.process)), (99, own));
}

fn separate_tables() {
    let mut partition = Partition::start();
    let opened = partition.call(libc::SYS_dup, &[0], &[]) as u64;
    let handle = partition.operate(Operation::FILE_REFERENCE, &[opened, 1, 2]);
    let mut child = partition.fork(2);
    assert_eq!(partition.call(libc::SYS_close, &[opened], &[]), 0);
    assert_eq!(child.call(libc::SYS_close, &[opened], &[]), 0);
    if handle >= 0 {
        assert_eq!(partition.operate(Operation::FILE_RELEASE, &[handle as u64]), 0);
        assert_eq!(child.operate(Operation::FILE_RELEASE, &[handle as u64]), 0);
    }
}

fn exit() {
    let mut partition = Partition::start();
    let mut child = partition.fork(2);
    child.submit(Operation::EXIT, 0, &[7, 0], &[]);
    let (signal, info) = partition.event();
    assert_eq!((signal, info[16..20].to_vec()), (libc::SIGCHLD as u32, child.process.to_le_bytes().to_vec()));
    assert_eq!(partition.gone(), (child.process as u32, 2));
    let status = Buffer { argument: 1, role: Role::WHOLE, direction: Direction::OUT, segment: (DATA, 4) };
    let waited = partition.call(libc::SYS_wait4, &[u64::MAX, 1, 0, 0], &[status]);
    assert_eq!((waited, partition.read(DATA, 4)), (child.process.into(), (7_u32 << 8).to_le_bytes().to_vec()));
    let again = partition.fork(2);
    assert_ne!(again.process, child.process);
}

fn killed() {
    let mut partition = Partition::start();
    for place in [2, 3, 2] {
        let child = partition.fork(place);
        kill_process(pid(child.process), Signal::KILL).unwrap();
        assert_eq!(partition.gone(), (child.process as u32, place as u32));
    }
}

fn many() {
    let mut partition = Partition::start();
    let children: Vec<Process> = (2..30).map(|place| partition.fork(place)).collect();
    for child in &children {
        kill_process(pid(child.process), Signal::KILL).unwrap();
    }
    std::thread::sleep(Duration::from_millis(20));
    let mut gone: Vec<_> = children.iter().map(|_| partition.gone()).collect();
    gone.sort_unstable_by_key(|(_, place)| *place);
    let expected: Vec<_> = (2..).zip(&children).map(|(place, child)| (child.process as u32, place)).collect();
    assert_eq!(gone, expected);
}

fn orphan() {
    let mut partition = Partition::start();
    let mut child = partition.fork(2);
    let mut grandchild = child.fork(3);
    kill_process(pid(child.process), Signal::KILL).unwrap();
    assert_eq!(partition.gone().1, 2);
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(number_99(&mut grandchild), 99);
    assert_eq!(status(grandchild.process, "PPid"), partition.parent.to_string());
    kill_process(pid(grandchild.process), Signal::KILL).unwrap();
    assert_eq!(partition.gone(), (grandchild.process as u32, 3));
    // The agent has waited for it.
    let end = std::time::Instant::now() + Duration::from_secs(5);
    while std::fs::metadata(format!("/proc/{}", grandchild.process)).is_ok() {
        assert!(std::time::Instant::now() < end);
    }
}

fn death_signal() {
    let mut partition = Partition::start();
    let mut child = partition.fork(2);
    let mut grandchild = child.fork(3);
    let signal = libc::SIGUSR2 as u64;
    assert_eq!(grandchild.call(libc::SYS_prctl, &[libc::PR_SET_PDEATHSIG as u64, signal], &[]), 0);
    assert_eq!(grandchild.call(libc::SYS_prctl, &[libc::PR_SET_PDEATHSIG as u64, 65], &[]), -i64::from(libc::EINVAL));
    assert_eq!(grandchild.call(libc::SYS_prctl, &[libc::PR_GET_PDEATHSIG as u64], &[]), signal.cast_signed());
    child.submit(Operation::EXIT, 0, &[0, 0], &[]);
    let (signal, info) = grandchild.event();
    assert_eq!((signal, info[0]), (libc::SIGUSR2 as u32, libc::SIGUSR2 as u8));
}

/// A process, a child of it, a child of that one, an orphan, and one in a session of its own.
fn family(partition: &mut Partition) -> Vec<i32> {
    let mut child = partition.fork(2);
    let grandchild = child.fork(3);
    let mut loner = partition.fork(4);
    assert!(loner.call(libc::SYS_setsid, &[], &[]) > 0);
    let mut parent = partition.fork(5);
    let orphan = parent.fork(6);
    kill_process(pid(parent.process), Signal::KILL).unwrap();
    assert_eq!(partition.gone().1, 5);
    vec![partition.process, child.process, grandchild.process, loner.process, orphan.process]
}

fn agent_killed() {
    let mut partition = Partition::start();
    let family = family(&mut partition);
    partition.agent.kill().unwrap();
    partition.agent.wait().unwrap();
    assert_eq!(family.iter().find(|process| !is_gone(**process)), None);
}

fn first_ends() {
    let mut partition = Partition::start();
    let family = family(&mut partition);
    partition.submit(Operation::EXIT, 0, &[3, 0], &[]);
    assert_eq!(ended(&partition), 3 << 8);
    partition.vanish();
    assert!(partition.agent.wait().unwrap().success());
    for process in family {
        assert!(std::fs::metadata(format!("/proc/{process}")).is_err() || is_gone(process), "{process}");
    }
}

fn vmm_vanishes() {
    let mut partition = Partition::start();
    let family = family(&mut partition);
    partition.vanish();
    assert!(partition.agent.wait().unwrap().success());
    assert_eq!(family.iter().find(|process| !is_gone(**process)), None);
}

fn group_killed() {
    let mut partition = Partition::start();
    let mut leader = partition.fork(2);
    assert_eq!(leader.call(libc::SYS_setpgid, &[0, 0], &[]), 0);
    let mut member = leader.fork(3);
    let last = member.fork(4);
    kill_process_group(Pid::from_raw(leader.process).unwrap(), Signal::KILL).unwrap();
    let mut gone = [partition.gone(), partition.gone(), partition.gone()].map(|(process, _)| process.cast_signed());
    gone.sort_unstable();
    let mut expected = [leader.process, member.process, last.process];
    expected.sort_unstable();
    assert_eq!(gone, expected);
    assert_eq!(number_99(&mut partition), 99);
}

fn exit_signal() {
    let mut partition = Partition::start();
    let child = partition.try_fork(2, libc::SIGUSR1);
    assert!(child > 0, "{child}");
    kill_process(Pid::from_raw(child.try_into().unwrap()).unwrap(), Signal::KILL).unwrap();
    assert_eq!(partition.event().0, libc::SIGUSR1.cast_unsigned());
    let wait = |partition: &mut Partition, options| partition.call(libc::SYS_wait4, &[u64::MAX, 0, options, 0], &[]);
    assert_eq!(wait(&mut partition, 0), -i64::from(libc::ECHILD));
    assert_eq!(wait(&mut partition, u64::from(libc::__WCLONE.cast_unsigned())), child);
}

fn violation(partition: &Partition) -> String {
    match partition.hear().0 {
        FromAgent::Violation { text } => text,
        other => panic!("{other:?}"),
    }
}

fn taken_place() {
    for place in [0, 1, 2, 4096] {
        let mut partition = Partition::start();
        partition.fork(2);
        let arguments = [place, 0x30_0000, 0x31_0000, libc::SIGCHLD as u64];
        partition.submit(Operation::FORK, 0, &arguments, &[]);
        assert_eq!(violation(&partition), "malformed arguments of operation 14", "{place}");
    }
}

fn bad_queues() {
    for (requests, events) in [(u64::MAX, 0x31_0000), (0x30_0000, (16 << 20) - 8), (0x30_0004, 0x31_0000)] {
        let mut partition = Partition::start();
        partition.submit(Operation::FORK, 0, &[2, requests, events, libc::SIGCHLD as u64], &[]);
        assert_eq!(violation(&partition), "malformed arguments of operation 14");
    }
}

fn window() {
    const AT: u64 = 0x10_0000;
    let file = File::from(memfd_create("shared", MemfdFlags::empty()).unwrap());
    ftruncate(&file, 8192).unwrap();
    let mut partition = Partition::start();
    let mut child = partition.fork(2);
    let number = file.as_raw_fd() as u64;
    let handle = child.operate(Operation::FILE_REFERENCE, &[number, 3, 1]) as u64;
    child.submit(Operation::WINDOW_MAP, 0, &[handle, 0, 8192, AT, 1], &[]);
    assert!(matches!(partition.hear().0, FromAgent::WindowMap { window: AT, .. }));
    partition.tell(&ToAgent::WindowDone { error: 0 });
    assert_eq!(child.result(), 0);
    let mut grandchild = child.fork(3);
    let bytes = Buffer { argument: 1, role: Role::WHOLE, direction: Direction::IN, segment: (WINDOW_PHYSICAL + AT, 5) };
    assert_eq!(grandchild.call(libc::SYS_pwrite64, &[number, 1, 5, 0], &[bytes]), 5);
    // Another process than the one that mapped it may take it away.
    grandchild.submit(Operation::WINDOW_UNMAP, 0, &[AT, 8192], &[]);
    assert!(matches!(partition.hear().0, FromAgent::WindowUnmap { window: AT, .. }));
    partition.tell(&ToAgent::WindowDone { error: 0 });
    assert_eq!(grandchild.result(), 0);
}

/// Whoever asks next is answered, whether its proxy polls or sleeps, on as few processors as there are.
fn polling() {
    let mut partition = Partition::start_polling();
    let mut children: Vec<Process> = (2..8).map(|place| partition.fork(place)).collect();
    for round in 0..300_usize {
        let child = &mut children[round * 7 % 6];
        assert_eq!(number_99(child), 99);
        if round % 50 == 0 {
            // Longer than anybody polls.
            std::thread::sleep(Duration::from_millis(3));
        }
    }
}

/// Parents are killed while they fork. Either the LWK hears of the child, and then of its end, or there is none.
fn random_kills() {
    let mut partition = Partition::start();
    let mut delay = 1_u64;
    for round in 0..60 {
        let mut parent = partition.fork(2);
        let mut child = parent.fork(3);
        let arguments = [4, requests_of(4), events_of(4), libc::SIGCHLD as u64];
        drop(Process::prepare(&parent, 4));
        child.submit(Operation::FORK, 0, &arguments, &[]);
        delay = delay.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(round);
        std::thread::sleep(Duration::from_micros((delay >> 33) % 1500));
        kill_process(pid(child.process), Signal::KILL).unwrap();
        kill_process(pid(parent.process), Signal::KILL).unwrap();
        let mut places = vec![partition.gone().1, partition.gone().1];
        std::thread::sleep(Duration::from_millis(5));
        if let Some(born) = child.answer() {
            if std::fs::metadata(format!("/proc/{born}")).is_ok() {
                // It may be about to end, so whether this still hits it does not matter.
                let _ = kill_process(pid(born as i32), Signal::KILL);
            }
            assert_eq!(partition.gone(), (born as u32, 4));
        } else {
            // The LWK waits for the end of a process it knows the place of, and of none if it was never made.
            places.extend(partition.gone_within(Duration::from_millis(20)).map(|(_, place)| place));
        }
        assert!(places.contains(&2) && places.contains(&3), "{places:?}");
        // Whoever waits for a child is told of all children that have ended first, for which there must be room.
        partition.drop_events();
        let _ = partition.call(libc::SYS_wait4, &[u64::MAX, 0, 0, 0], &[]);
    }
    assert_eq!(number_99(&mut partition), 99);
}

fn exec() {
    let mut partition = Partition::start();
    let thread = partition.operate(Operation::THREAD_START, &[]);
    let kept = partition.call(libc::SYS_dup, &[0], &[]) as u64;
    let closed = partition.call(libc::SYS_fcntl, &[0, libc::F_DUPFD_CLOEXEC as u64, 0], &[]) as u64;
    let path = b"/bin/sh";
    partition.write(DATA, path);
    let named = |argument| Buffer { argument, role: Role::STRING, direction: Direction::IN, segment: (DATA, 7) };
    partition.submit(Operation::OPEN_EXECUTABLE, 0, &[-100_i64 as u64, 0], &[named(1)]);
    let handle = partition.result() as u64;
    partition.submit(Operation::NAME, 0, &[handle, 1], &[named(2)]);
    assert_eq!(partition.result(), 0);
    assert_eq!(status(partition.process, "Name"), "sh");
    let flags =
        |partition: &mut Partition, number| partition.call(libc::SYS_fcntl, &[number, libc::F_GETFD as u64], &[]);
    assert_eq!(flags(&mut partition, kept), 0);
    assert_eq!(flags(&mut partition, closed), -i64::from(libc::EBADF));
    let new = partition.operate(Operation::THREAD_START, &[]);
    let name = format!("/proc/{}/task/{new}/comm", partition.process);
    assert_eq!(std::fs::read_to_string(name).unwrap(), "sh\n");
    let task = format!("/proc/{}/task/{thread}", partition.process);
    let end = std::time::Instant::now() + Duration::from_secs(5);
    while std::fs::metadata(&task).is_ok() {
        assert!(std::time::Instant::now() < end, "the thread has not ended");
    }
    partition.write(DATA, b"/proc/self/exe");
    let link = Buffer { argument: 0, role: Role::STRING, direction: Direction::IN, segment: (DATA, 14) };
    let text = Buffer { argument: 1, role: Role::WHOLE, direction: Direction::OUT, segment: (DATA + 0x100, 100) };
    let length = partition.call(libc::SYS_readlink, &[1, 1, 100], &[link, text]);
    let expected = std::fs::canonicalize("/bin/sh").unwrap();
    assert_eq!(partition.read(DATA + 0x100, length as usize), expected.as_os_str().as_encoded_bytes());
}

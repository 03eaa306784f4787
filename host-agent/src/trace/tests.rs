use super::format;
use proptest::prelude::*;
use virtio_ikc::message::{TRACE_CAPTURE_BYTES, TraceRecord};
use virtio_ikc::table::CALLS;

const EMPTY: TraceRecord = TraceRecord {
    call: 0,
    route: 1,
    thread: 1,
    returned: 1,
    arguments: [0; 6],
    result: 0,
    nanoseconds: 12_345,
    began: 0,
    captured: [0; 6],
    truncated: 0,
    captures: [[0; TRACE_CAPTURE_BYTES]; 6],
};

const AT_FDCWD: u64 = 0xffff_ff9c;
const POINTER: u64 = 0x7fff_0000;

/// A record of `name`, whose arguments point to what `memory` says.
fn record(name: &str, arguments: &[u64], result: i64, memory: &[(usize, &[u8])]) -> TraceRecord {
    let number = CALLS.iter().find(|call| call.name == name).unwrap().number;
    let mut record = TraceRecord { call: number.into(), result, ..EMPTY };
    record.arguments[..arguments.len()].copy_from_slice(arguments);
    for (position, bytes) in memory {
        record.captures[*position][..bytes.len()].copy_from_slice(bytes);
        record.captured[*position] = bytes.len().try_into().unwrap();
    }
    record
}

/// The line of a call, without the duration.
fn line(name: &str, arguments: &[u64], result: i64, memory: &[(usize, &[u8])]) -> String {
    let line = format(&record(name, arguments, result, memory));
    line.strip_suffix(" <offloaded 0.000012>").unwrap().to_owned()
}

fn words(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

#[test]
fn a_line_ends_with_route_and_seconds() {
    let mut opened = record("openat", &[AT_FDCWD, POINTER, 0x80000, 0], 3, &[(1, b"/etc/ld.so.cache")]);
    opened.nanoseconds = 1_000_012_345;
    assert_eq!(format(&opened), "openat(AT_FDCWD, \"/etc/ld.so.cache\", O_RDONLY|O_CLOEXEC) = 3 <offloaded 1.000012>");
    opened.route = 0;
    assert!(format(&opened).ends_with("= 3 <local 1.000012>"));
}

#[test]
fn results_stand_in_the_column_of_strace() {
    assert_eq!(line("close", &[3], 0, &[]), "close(3)                                = 0");
}

#[test]
fn a_call_that_does_not_return_has_no_result() {
    let mut ended = record("exit_group", &[0], 0, &[]);
    ended.returned = 0;
    assert_eq!(format(&ended), "exit_group(0)                           = ?");
}

#[test]
fn an_error_is_named_and_explained() {
    let text = line("openat", &[AT_FDCWD, POINTER, 0x241, 0o644], -2, &[(1, b"/x\0")]);
    let expected = "openat(AT_FDCWD, \"/x\", O_WRONLY|O_CREAT|O_TRUNC, 0644) = -1 ENOENT (No such file or directory)";
    assert_eq!(text, expected);
}

#[test]
fn an_unknown_call_is_printed_by_number() {
    let unknown = TraceRecord { call: 400, result: -38, ..EMPTY };
    let text = format(&unknown);
    assert!(text.starts_with("syscall_0x190(0x0, 0x0, 0x0, 0x0, 0x0, 0x0) = -1 ENOSYS"), "{text}");
}

#[test]
fn what_was_read_is_shown_as_far_as_linux_filled_it() {
    let text = line("read", &[0, POINTER, 4096], 3, &[(1, b"abc\0\0\0")]);
    assert_eq!(text, "read(0, \"abc\", 4096)                    = 3");
    assert!(line("read", &[0, POINTER, 4096], -9, &[(1, b"abc")]).starts_with("read(0, 0x7fff0000, 4096)"));
    assert!(line("read", &[0, POINTER, 4096], 0, &[]).starts_with("read(0, \"\", 4096)"));
}

#[test]
fn what_was_written_is_cut() {
    let text = line("write", &[1, POINTER, 100], 100, &[(1, &[b'a'; 100])]);
    assert_eq!(text, format!("write(1, \"{}\"..., 100) = 100", "a".repeat(32)));
}

#[test]
fn an_empty_path_is_no_address() {
    let text = line("newfstatat", &[3, POINTER, POINTER, 0x1000], -14, &[]);
    assert!(text.starts_with("newfstatat(3, 0x7fff0000, "), "{text}");
    let text = line("newfstatat", &[3, POINTER, POINTER, 0x1000], -9, &[]);
    assert!(text.starts_with("newfstatat(3, \"\", 0x7fff0000, AT_EMPTY_PATH)"), "{text}");
}

#[test]
fn memory_calls_answer_addresses() {
    let text = line("mmap", &[0, 8192, 3, 0x22, u64::MAX, 0], 0x7f00_0000_0000, &[]);
    assert_eq!(text, "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000");
    assert!(line("brk", &[0], 0x55_5555, &[]).starts_with("brk(NULL) "));
}

#[test]
fn a_file_is_described_by_mode_and_size() {
    let mut stat = [0; 144];
    stat[24..28].copy_from_slice(&0o100_644u32.to_le_bytes());
    stat[48..56].copy_from_slice(&18191u64.to_le_bytes());
    let text = line("fstat", &[3, POINTER], 0, &[(1, &stat)]);
    assert_eq!(text, "fstat(3, {st_mode=S_IFREG|0644, st_size=18191, ...}) = 0");
    stat[24..28].copy_from_slice(&0o20_620u32.to_le_bytes());
    stat[40..48].copy_from_slice(&0x8801u64.to_le_bytes());
    let text = line("fstat", &[1, POINTER], 0, &[(1, &stat)]);
    assert_eq!(text, "fstat(1, {st_mode=S_IFCHR|0620, st_rdev=makedev(0x88, 0x1), ...}) = 0");
}

#[test]
fn socket_addresses_are_readable() {
    let internet = [2, 0, 0, 80, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
    let text = line("connect", &[3, POINTER, 16], 0, &[(1, &internet)]);
    let expected = "connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}, 16) = 0";
    assert_eq!(text, expected);
    let text = line("connect", &[3, POINTER, 6], 0, &[(1, b"\x01\0/x/y")]);
    assert_eq!(text, "connect(3, {sa_family=AF_UNIX, sun_path=\"/x/y\"}, 6) = 0");
}

#[test]
fn descriptors_that_are_waited_for_are_listed() {
    let poll = [3, 0, 0, 0, 1, 0, 1, 0, 4, 0, 0, 0, 4, 0, 0, 0];
    let text = line("poll", &[POINTER, 2, 0xffff_ffff], 1, &[(0, &poll)]);
    assert_eq!(text, "poll([{fd=3, events=POLLIN, revents=POLLIN}, {fd=4, events=POLLOUT}], 2, -1) = 1");
    let text = line("poll", &[0, 0, 10], 0, &[]);
    assert_eq!(text, "poll(NULL, 0, 10)                       = 0 (Timeout)");
    let text = line("pipe2", &[POINTER, 0x80000], 0, &[(0, &words(&[0x4_0000_0003]))]);
    assert_eq!(text, "pipe2([3, 4], O_CLOEXEC)                = 0");
}

#[test]
fn an_array_ends_with_dots_where_it_was_cut() {
    let poll = words(&[0x0001_0000_0000; 32]);
    let mut many = record("poll", &[POINTER, 40, 0], 0, &[(0, &poll)]);
    many.truncated = 1;
    assert!(format(&many).contains("}, ...], 40, 0)"));
}

#[test]
fn signals_and_times_are_readable() {
    let action = words(&[0x40_1000, 0x1400_0000, 0x40_2000, 1 << 16 | 2]);
    let text = line("rt_sigaction", &[2, POINTER, 0, 8], 0, &[(1, &action)]);
    let expected = "rt_sigaction(SIGINT, {sa_handler=0x401000, sa_mask=[INT CHLD], sa_flags=SA_RESTORER|SA_RESTART, \
                    sa_restorer=0x402000}, NULL, 8) = 0";
    assert_eq!(text, expected);
    let text = line("clock_gettime", &[1, POINTER], 0, &[(1, &words(&[5, 6]))]);
    assert_eq!(text, "clock_gettime(CLOCK_MONOTONIC, {tv_sec=5, tv_nsec=6}) = 0");
    let text = line("rt_sigprocmask", &[2, POINTER, 0, 8], 0, &[(1, &words(&[!(1 << 8)]))]);
    assert_eq!(text, "rt_sigprocmask(SIG_SETMASK, ~[KILL], NULL, 8) = 0");
}

#[test]
fn arguments_of_ioctl_and_fcntl_follow_the_request() {
    let size = [24, 0, 80, 0, 0, 0, 0, 0];
    let text = line("ioctl", &[1, 0x5413, POINTER], 0, &[(2, &size)]);
    assert_eq!(text, "ioctl(1, TIOCGWINSZ, {ws_row=24, ws_col=80, ws_xpixel=0, ws_ypixel=0}) = 0");
    let text = line("ioctl", &[1, 0x5401, POINTER], -25, &[]);
    assert_eq!(text, "ioctl(1, TCGETS, 0x7fff0000)            = -1 ENOTTY (Inappropriate ioctl for device)");
    let text = line("fcntl", &[0, 3, 7], 0x8002, &[]);
    assert_eq!(text, "fcntl(0, F_GETFL)                       = 0x8002 (flags O_RDWR|O_LARGEFILE)");
    let text = line("fcntl", &[0, 2, 1], 0, &[]);
    assert_eq!(text, "fcntl(0, F_SETFD, FD_CLOEXEC)           = 0");
}

#[test]
fn options_of_sockets_have_names() {
    let text = line("setsockopt", &[3, 1, 2, POINTER, 4], 0, &[(3, &[1, 0, 0, 0])]);
    assert_eq!(text, "setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0");
}

#[test]
fn what_a_vector_names_is_shown() {
    let text = line("writev", &[1, POINTER, 2], 6, &[(1, b"hello\n")]);
    assert_eq!(text, "writev(1, [{iov_base=\"hello\\n\", ...}], 2) = 6");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_or_break_the_line(
        call in 0u32..512,
        arguments in prop::array::uniform6(prop_oneof![any::<u64>(), 0u64..70_000]),
        result in prop_oneof![any::<i64>(), -600i64..600],
        captured in prop::array::uniform6(any::<u16>()),
        flags in any::<(u32, u32, u32, u64)>(),
        content in prop::collection::vec(any::<u8>(), 6 * TRACE_CAPTURE_BYTES),
    ) {
        let mut record = TraceRecord { call, arguments, result, captured, nanoseconds: flags.3, ..EMPTY };
        (record.route, record.returned, record.truncated) = (flags.0, flags.1, flags.2);
        for (capture, bytes) in record.captures.iter_mut().zip(content.chunks(TRACE_CAPTURE_BYTES)) {
            capture.copy_from_slice(bytes);
        }
        let line = format(&record);
        prop_assert!(line.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    }

    #[test]
    fn every_call_survives_short_captures(
        call in 0..CALLS.len(),
        arguments in prop::array::uniform6(1u64..0x10_0000),
        captured in prop::array::uniform6(0u16..300),
        byte in any::<u8>(),
    ) {
        let call = CALLS[call];
        let captures = [[byte; TRACE_CAPTURE_BYTES]; 6];
        let record = TraceRecord { call: call.number.into(), arguments, captured, captures, ..EMPTY };
        prop_assert!(format(&record).starts_with(call.name));
    }
}

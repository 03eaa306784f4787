//! SPEC.md says what the code says: offsets of fields, numbers of operations, roles and features.

use std::mem::offset_of;

use virtio_ikc::device::{AGENT_QUEUE, EVENT_QUEUE, QUEUE_SIZE, QUEUES, REQUEST_QUEUE, config, feature};
use virtio_ikc::message::{
    BufferDescriptor, Event, EventKind, MAX_BUFFERS, MAX_SEGMENTS, Operation, PROCESS_EVENTS, PROCESS_QUEUE_SIZE,
    Reply, Request, RequestHeader, Role, VERSION,
};
use virtio_ikc::notice::{AGENT_PLACE, FIRST_PLACE, PLACES, TO_AGENT, TO_LWK, bit_of};
use virtio_ikc::ring::QueueLayout;

const SPECIFICATION: &str = include_str!("../SPEC.md");

/// Whether a row of a table in `section` (a heading's number) begins with `cells`.
fn has_row(section: &str, cells: &[&str]) -> bool {
    let row = format!("| {} |", cells.join(" | "));
    let heading = |line: &str| line.starts_with('#');
    let wanted = |line: &str| line.trim_start_matches('#').trim_start().starts_with(section);
    let lines = SPECIFICATION.lines().skip_while(|line| !(heading(line) && wanted(line)));
    let mut lines = lines.skip(1).take_while(|line| !heading(line));
    lines.any(|line| line.starts_with(&row))
}

macro_rules! assert_fields {
    ($section:literal, $structure:ty, $base:expr, $($field:ident $bytes:literal),+) => {$(
        let offset = ($base + offset_of!($structure, $field)).to_string();
        let cells = [offset.as_str(), $bytes, concat!("`", stringify!($field), "`")];
        assert!(has_row($section, &cells), "section {}: {cells:?}", $section);
    )+};
}

macro_rules! assert_numbers {
    ($section:literal, $kind:ident, $($name:ident),+) => {$(
        let cells = [$kind::$name.0.to_string(), concat!("`", stringify!($name), "`").to_owned()];
        assert!(has_row($section, &cells.each_ref().map(String::as_str)), "{cells:?}");
    )+};
}

#[test]
fn requests_are_laid_out_as_specified() {
    assert_fields!(
        "7.1 ", RequestHeader, offset_of!(Request, header),
        operation "4", call "4", process "4", thread "4", sequence "8", arguments "6 x 8",
        segment_table "8", segment_count "4", buffer_count "4", vcpu "4"
    );
    assert_fields!("7.1 ", Request, 0, buffers "8 x 16", segments "48 x 16");
    assert_fields!(
        "7.1 ", BufferDescriptor, 0,
        argument "1", role "1", direction "1", faults "1", segment_count "4", length "8"
    );
}

#[test]
fn replies_and_events_are_laid_out_as_specified() {
    assert_fields!(
        "7.5 ", Reply, 0,
        sequence "8", result "8", signal "4", interrupted "4", values "4 x 8"
    );
    assert_fields!(
        "9 ", Event, 0,
        kind "4", process "4", thread "4", signal "4", info "80"
    );
    assert_eq!(EventKind::STOPPED.0, 3);
}

#[test]
fn operations_have_the_numbers_specified() {
    assert_numbers!(
        "8 ",
        Operation,
        CALL,
        INTERRUPT,
        EXIT,
        FILE_REFERENCE,
        OPEN_EXECUTABLE,
        FILE_READ,
        FILE_RELEASE,
        WINDOW_MAP,
        WINDOW_UNMAP,
        STOP,
        TRACE,
        NAME,
        WINDOW_SYNC,
        FORK,
        THREAD_START,
        THREAD_END,
        THREAD_NAME,
        CHILD_SIGNAL,
        FILE_NAME,
        VIEW,
        LEAVE_SIGNALS,
        RETURN_SIGNAL,
        COMMAND_LINE
    );
}

#[test]
fn roles_have_the_numbers_specified() {
    assert_numbers!("7.3 ", Role, WHOLE, STRING, VECTOR, MESSAGE_NAME, MESSAGE_CONTROL, MESSAGE_HEADER);
}

#[test]
fn feature_bits_are_those_specified() {
    let bits = [
        (feature::WINDOW, "`feature::WINDOW`"),
        (feature::SIGNALS, "`feature::SIGNALS`"),
        (feature::ZEROING, "`feature::ZEROING`"),
        (feature::EVENT_IDX, "`VIRTIO_F_EVENT_IDX`"),
        (feature::VERSION_1, "`VIRTIO_F_VERSION_1`"),
    ];
    for (bit, name) in bits {
        assert!(has_row("3 ", &[&bit.trailing_zeros().to_string(), name]), "{name}");
    }
}

#[test]
fn the_configuration_space_is_that_specified() {
    let fields = [
        (config::VERSION, "32", "read"),
        (config::QUEUES, "32", "read"),
        (config::LOG_LENGTH, "32", "write"),
        (config::LOG_LEVEL, "32", "write"),
        (config::LOG_ADDRESS, "64", "write"),
        (config::PANIC, "32", "write"),
        (config::ZEROING, "32", "write"),
    ];
    for (offset, bits, access) in fields {
        assert!(has_row("4 ", &[&format!("{offset:#04x}"), bits, access]), "{offset:#04x}");
    }
}

#[test]
fn limits_are_those_specified() {
    assert_eq!((VERSION, MAX_BUFFERS, MAX_SEGMENTS), (4, 8, 16_384));
    assert_eq!((EventKind::SIGNAL.0, EventKind::GONE.0), (1, 2));
    assert!(SPECIFICATION.contains(&format!("`message::VERSION` ({VERSION})")));
}

#[test]
fn queues_are_as_large_as_specified() {
    assert_eq!((QUEUES, AGENT_QUEUE, REQUEST_QUEUE, EVENT_QUEUE), (3, 0, 1, 2));
    assert_eq!((QUEUE_SIZE, PROCESS_QUEUE_SIZE, PROCESS_EVENTS), (512, 512, 32));
    let bytes = [PROCESS_QUEUE_SIZE, PROCESS_EVENTS].map(|size| QueueLayout::new(size).map(QueueLayout::total_bytes));
    assert_eq!(bytes, [Some(13_440), Some(960)]);
}

#[test]
fn the_notice_board_is_that_specified() {
    for (offset, name) in [(TO_AGENT, "`notice::TO_AGENT`"), (TO_LWK, "`notice::TO_LWK`")] {
        assert!(has_row("6.1 ", &[&offset.to_string(), "512", name]), "{name}");
    }
    assert_eq!((PLACES, AGENT_PLACE, FIRST_PLACE, bit_of(4095)), (4096, 0, 1, (504, 1 << 63)));
}

//! What must hold for every row.

use super::{Argument, CALLS, Call, Route, Size, lookup};
use crate::message::Direction;
use syscalls::Sysno;

fn each_argument(check: impl Fn(&'static Call, usize, Argument)) {
    for call in CALLS {
        for (position, argument) in call.arguments.iter().enumerate() {
            check(call, position, *argument);
        }
    }
}

#[test]
fn the_rows_are_the_calls_of_linux_and_no_others() {
    for number in 0..512 {
        let expected = Sysno::new(number).map(|call| call.name());
        assert_eq!(lookup(number.try_into().unwrap()).map(|call| call.name), expected, "{number}");
    }
}

#[test]
fn rows_ascend_by_number() {
    assert!(CALLS.is_sorted_by(|one, next| one.number < next.number));
}

#[test]
fn lookup_finds_each_row_and_nothing_in_the_gaps() {
    for call in CALLS {
        assert_eq!(lookup(call.number.into()).map(|found| found.name), Some(call.name));
    }
    for number in [337, 423, 470, 511, 512, 1 << 32, u64::MAX] {
        assert!(lookup(number).is_none(), "{number}");
    }
}

#[test]
fn no_call_has_more_than_six_arguments() {
    for call in CALLS {
        assert!(call.arguments.len() <= 6, "{}", call.name);
    }
}

#[test]
fn a_length_is_a_number_among_the_arguments() {
    each_argument(|call, position, argument| {
        let Some(length) = argument.length_position() else { return };
        let named = call.arguments.get(usize::from(length));
        let pointed = matches!(argument.plain_buffer(), Some((_, Size::Pointed(_))));
        let fits = if pointed {
            matches!(named, Some(Argument::InOut(Size::Fixed(4))))
        } else {
            matches!(named, Some(Argument::Int | Argument::Long))
        };
        assert!(fits && usize::from(length) != position, "{} argument {position}", call.name);
    });
}

#[test]
fn a_size_is_never_nothing() {
    each_argument(|call, position, argument| {
        if let Some((_, Size::Fixed(bytes) | Size::Elements(_, bytes))) = argument.plain_buffer() {
            assert!(bytes > 0, "{} argument {position}", call.name);
        }
    });
}

#[test]
fn what_is_refused_or_shared_says_why() {
    for call in CALLS {
        let explained = !matches!(call.route, Route::Refused(_) | Route::LocalFirst);
        assert!(explained || call.note.ends_with('.'), "{}", call.name);
    }
}

#[test]
fn a_refusal_is_an_errno() {
    for call in CALLS {
        if let Route::Refused(errno) = call.route {
            assert!((1..=133).contains(&errno), "{}", call.name);
        }
    }
}

#[test]
fn linux_is_never_given_an_address_of_the_program() {
    for call in CALLS {
        let described = call.route != Route::Offloaded || call.is_executable();
        assert!(described, "{}", call.name);
    }
}

#[test]
fn a_request_has_room_for_the_buffers_of_every_executable_call() {
    for call in CALLS.iter().filter(|call| call.is_executable()) {
        let buffers: usize = call
            .arguments
            .iter()
            .map(|argument| match argument {
                Argument::Path
                | Argument::Text
                | Argument::Ioctl
                | Argument::Fcntl
                | Argument::SemaphoreControl
                | Argument::QueueControl
                | Argument::VectorIn(_)
                | Argument::VectorOut(_) => 1,
                Argument::MessageIn | Argument::MessageOut => 4,
                other => usize::from(other.plain_buffer().is_some()),
            })
            .sum();
        assert!(buffers <= crate::message::MAX_BUFFERS, "{}", call.name);
    }
}

#[test]
fn a_reader_is_given_memory_and_a_writer_gives_it() {
    let direction = |number| lookup(number).unwrap().arguments[1].plain_buffer().map(|(direction, _)| direction);
    assert_eq!(direction(0), Some(Direction::OUT));
    assert_eq!(direction(1), Some(Direction::IN));
}

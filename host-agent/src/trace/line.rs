//! The whole line.

use super::argument;
use super::outcome;
use super::view::View;
use std::fmt::{self, Display, Formatter};
use virtio_ikc::message::TraceRecord;
use virtio_ikc::table::{self, Argument, Call};

/// One line for `record`, without the end of the line.
///
/// What the captures of a record hold: for a string its bytes, with or without the NUL; for an iovec array the memory
/// that it names, in its order; for everything else the memory that the argument points to.
#[must_use]
pub fn format(record: &TraceRecord) -> String {
    let Some(call) = table::lookup(record.call.into()) else {
        return finish(&UnknownHead(record), &Answer { record, call: None });
    };
    finish(&Head(View { record, call }), &Answer { record, call: Some(call) })
}

/// The column that strace(1) prints the results in.
const RESULT_COLUMN: usize = 40;

fn finish(head: &dyn Display, answer: &Answer<'_>) -> String {
    format!("{:<RESULT_COLUMN$}= {answer}", format!("{head} "))
}

struct UnknownHead<'a>(&'a TraceRecord);

impl Display for UnknownHead<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "syscall_{:#x}(", self.0.call)?;
        for (position, argument) in self.0.arguments.iter().enumerate() {
            write!(f, "{}{argument:#x}", if position == 0 { "" } else { ", " })?;
        }
        f.write_str(")")
    }
}

struct Head<'a>(View<'a>);

impl Display for Head<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.0.call.name)?;
        let kinds = self.0.call.arguments.iter().take(argument::shown(self.0));
        let mut separator = "";
        for (position, _) in kinds.enumerate().filter(|(_, kind)| **kind != Argument::Unused) {
            f.write_str(separator)?;
            argument::print(self.0, position, f)?;
            separator = ", ";
        }
        f.write_str(")")
    }
}

struct Answer<'a> {
    record: &'a TraceRecord,
    call: Option<&'static Call>,
}

impl Display for Answer<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let record = self.record;
        if record.returned == 0 {
            return f.write_str("?");
        }
        match self.call {
            Some(call) => outcome::print(View { record, call }, f)?,
            None => outcome::print_number(record.result, f)?,
        }
        let route = if record.route == 0 { "local" } else { "offloaded" };
        let (seconds, micros) = (record.nanoseconds / 1_000_000_000, record.nanoseconds / 1000 % 1_000_000);
        write!(f, " <{route} {seconds}.{micros:06}>")
    }
}

//! Moving bytes that are at hand, before anything is prepared for a call that waits.
//!
//! A call that may wait leaves its queue to somebody else and must be interruptible; that costs more than to read a page that is in
//! memory. But most reads and many writes need not wait. preadv2(2) and pwritev2(2) with `RWF_NOWAIT`, and send(2) and recv(2) with
//! `MSG_DONTWAIT`, do what can be done at once and nothing else, so they are tried first. What is left, when a file is in memory in part
//! or a socket has little room, goes the long way.

use virtio_ikc::message::Role;
use virtio_ikc::table::Call;

use super::frame::{Frame, programs};
use super::vectors::{Form, Vectors, is_file, is_socket};
use super::{Answer, Executor, Refusal, signals, sockets, views};
use crate::arch::{Argument, call};
use crate::request::{Buffer, Kind, Parsed, Violation, number_of};

/// Longer transfers are worth the preparations: the queue shall not wait for them.
pub(super) const LONGEST: u64 = 1 << 20;
/// The file's own position, for preadv2(2) and pwritev2(2).
const OWN_POSITION: u64 = u64::MAX;
/// How often an attempt is spared after Linux has said that a file knows no attempts.
const SPARED: u32 = 256;

/// What came of an attempt.
#[derive(Debug)]
pub(crate) enum Attempted {
    /// This is the call's answer.
    Done(Answer),
    /// So many bytes were moved; the rest may wait.
    Begun(u64),
    /// Nothing was done.
    Nothing,
}

/// The descriptors, of the first 64, whose files know no attempts, as far as was seen lately: a number may be another file's by now.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Unwilling {
    descriptors: u64,
    spared: u32,
}

impl Unwilling {
    fn bit(descriptor: u64) -> u64 {
        if descriptor < 64 { 1 << descriptor } else { 0 }
    }

    fn note(&mut self, descriptor: u64) {
        self.descriptors |= Self::bit(descriptor);
    }

    /// Whether to spare an attempt.
    fn spares(&mut self, descriptor: u64) -> bool {
        if self.descriptors & Self::bit(descriptor) == 0 {
            return false;
        }
        self.spared += 1;
        if self.spared == SPARED {
            *self = Self::default();
        }
        true
    }
}

/// A transfer that can be attempted.
struct Transfer {
    buffer: Buffer,
    length: u64,
    form: Form,
}

impl Executor {
    /// Tries a call that may wait.
    ///
    /// # Errors
    /// As for [`Executor::execute`].
    pub(crate) fn attempt(&mut self, request: &Parsed<'_>) -> Result<Attempted, Violation> {
        let Kind::Call(row) = request.kind else { return Ok(Attempted::Nothing) };
        let attempted = if is_of_socket(row) {
            self.prepare(request);
            sockets::attempt(&mut Frame::new(self, row, request))
        } else {
            let Some(transfer) = transfer(row, request) else { return Ok(Attempted::Nothing) };
            if self.unwilling.spares(request.arguments[0]) {
                return Ok(Attempted::Nothing);
            }
            self.prepare(request);
            attempt(&mut Frame::new(self, row, request), &transfer)
        };
        match attempted {
            Ok(attempted) => Ok(attempted),
            Err(Refusal::Violation(violation)) => Err(violation),
            // The long way finds the same and says so.
            Err(Refusal::Errno(_)) => Ok(Attempted::Nothing),
        }
    }

    /// Moves the rest of what an attempt has begun: after `moved` bytes.
    ///
    /// # Errors
    /// As for [`Executor::execute`].
    pub(crate) fn go_on(&mut self, request: &Parsed<'_>, moved: u64) -> Result<Answer, Violation> {
        let Kind::Call(row) = request.kind else { return Ok(Answer::default()) };
        let mut frame = Frame::new(self, row, request);
        let moved_in_all = if is_of_socket(row) { sockets::go_on(&mut frame, moved) } else { go_on(&mut frame, moved) };
        // What an error says of the rest, the next call will be told.
        let result = match moved_in_all {
            Ok(result) => result,
            Err(Refusal::Errno(_)) => moved.cast_signed(),
            Err(Refusal::Violation(violation)) => return Err(violation),
        };
        Ok(Answer { result, signal: signals::raised_by(row, request, result), ..Answer::default() })
    }
}

fn is_of_socket(row: &Call) -> bool {
    matches!(i64::from(row.number), libc::SYS_recvfrom | libc::SYS_sendto)
}

/// Moves the rest by the vector call that waits. Answers what has been moved in all.
fn go_on(frame: &mut Frame<'_, '_>, moved: u64) -> Result<i64, Refusal> {
    let (row, before) = (frame.call, moved.cast_signed());
    let Some(transfer) = transfer(row, frame.request) else { return Ok(before) };
    let vectors = place(frame, &transfer, moved)?;
    let rest = frame.executor.turn.call_as(row, transfer.form.number(), waiting(frame, &transfer, &vectors, moved));
    if rest == -i64::from(libc::EPIPE) && is_socket(frame) {
        // A sender of whom a part has been taken is told how much, and not signalled.
        signals::forget_raised();
    }
    Ok(before + rest.max(0))
}

/// What the call moves, if it can be attempted: memory that is all there, and not much.
fn transfer(row: &Call, request: &Parsed<'_>) -> Option<Transfer> {
    let form = match i64::from(row.number) {
        libc::SYS_read => Form::READ,
        libc::SYS_write => Form::WRITE,
        libc::SYS_pread64 if request.arguments[3].cast_signed() >= 0 => Form::READ_AT,
        _ => return None,
    };
    let length = number_of(row, 2, &request.arguments);
    let buffer = *request.buffer(1, Role::WHOLE)?;
    ((1..=LONGEST).contains(&length) && buffer.accessible >= length).then_some(Transfer { buffer, length, form })
}

fn attempt(frame: &mut Frame<'_, '_>, transfer: &Transfer) -> Result<Attempted, Refusal> {
    if views::are_shown(frame) {
        return Ok(Attempted::Nothing);
    }
    let vectors = place(frame, transfer, 0)?;
    let (position, number) = match transfer.form {
        Form::READ_AT => (frame.request.arguments[3], libc::SYS_preadv2),
        Form::WRITE => (OWN_POSITION, libc::SYS_pwritev2),
        _ => (OWN_POSITION, libc::SYS_preadv2),
    };
    let Some(entries) = vectors.at_once() else { return Ok(Attempted::Nothing) };
    let numbers = [entries.len() as u64, position, 0, libc::RWF_NOWAIT as u64].map(Argument::number);
    let result = call(
        number,
        [frame.arguments[0], Argument::own_shared(entries), numbers[0], numbers[1], numbers[2], numbers[3]],
    );
    Ok(judge(frame, transfer, result))
}

fn judge(frame: &mut Frame<'_, '_>, transfer: &Transfer, result: i64) -> Attempted {
    let done = |frame: &Frame<'_, '_>| {
        Attempted::Done(Answer {
            result,
            signal: signals::raised_by(frame.call, frame.request, result),
            ..Answer::default()
        })
    };
    let Ok(moved) = u64::try_from(result) else {
        return match i32::try_from(-result) {
            Ok(libc::EAGAIN | libc::EINTR) => Attempted::Nothing,
            Ok(libc::EOPNOTSUPP | libc::ENOSYS) => {
                frame.executor.unwilling.note(frame.request.arguments[0]);
                Attempted::Nothing
            }
            _ => done(frame),
        };
    };
    let is_over = moved == transfer.length || moved == 0;
    // A pipe or a socket that had less has answered. A file may have more, on the disk, and writing goes on until all is written.
    if is_over || transfer.form == Form::READ && !is_file(frame) { done(frame) } else { Attempted::Begun(moved) }
}

/// Places the descriptor, and the memory behind the first `moved` bytes.
fn place(frame: &mut Frame<'_, '_>, transfer: &Transfer, moved: u64) -> Result<Vectors, Refusal> {
    frame.arguments[0] = programs(frame.request.arguments[0])?;
    Ok(Vectors::of(frame, &transfer.buffer, transfer.length)?.after(moved))
}

/// The arguments of the vector call that waits.
fn waiting<'a>(frame: &Frame<'_, '_>, transfer: &Transfer, vectors: &'a Vectors, moved: u64) -> [Argument<'a>; 6] {
    let entries = vectors.at_once().unwrap_or_default();
    let position = if transfer.form == Form::READ_AT { frame.request.arguments[3].wrapping_add(moved) } else { 0 };
    let [count, position] = [entries.len() as u64, position].map(Argument::number);
    [frame.arguments[0], Argument::own_shared(entries), count, position, Argument::NULL, Argument::NULL]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_spared_for_a_while_only() {
        let mut unwilling = Unwilling::default();
        assert!(!unwilling.spares(3));
        unwilling.note(3);
        unwilling.note(64);
        assert!((0..SPARED).all(|_| unwilling.spares(3)));
        assert!(!unwilling.spares(3) && !unwilling.spares(64));
    }
}

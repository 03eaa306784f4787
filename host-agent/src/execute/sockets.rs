//! recv(2) and send(2) that need not wait: what is at hand is taken, and what there is room for is left, before anything is prepared
//! for a call that waits (`attempt.rs`). The flag `MSG_DONTWAIT` does what `RWF_NOWAIT` does for files.

use virtio_ikc::message::{Role, Segment};

use super::attempt::{Attempted, LONGEST};
use super::copy::host_run;
use super::frame::{Frame, programs};
use super::{Answer, Refusal, signals};
use crate::arch::{Argument, call};
use crate::int::low;
use crate::request::number_of;

const DO_NOT_WAIT: u32 = libc::MSG_DONTWAIT as u32;
const NO_SIGNAL: u32 = libc::MSG_NOSIGNAL as u32;

/// Flags that do not change how long a call waits, or for what.
const USUAL: u32 = DO_NOT_WAIT
    | NO_SIGNAL
    | (libc::MSG_PEEK | libc::MSG_TRUNC | libc::MSG_MORE | libc::MSG_EOR | libc::MSG_CMSG_CLOEXEC) as u32;

/// What a call moves.
#[derive(Clone, Copy)]
struct Transfer {
    memory: Segment,
    flags: u32,
}

/// Tries a call whose memory lies in one piece and which names no address.
pub(super) fn attempt(frame: &mut Frame<'_, '_>) -> Result<Attempted, Refusal> {
    let Some(transfer) = transfer(frame) else { return Ok(Attempted::Nothing) };
    let result = make(frame, transfer.memory, transfer.flags | DO_NOT_WAIT, call)?;
    Ok(judge(frame, transfer, result))
}

/// Sends what an attempt has left: all but the first `moved` bytes. Answers what has been sent in all.
pub(super) fn go_on(frame: &mut Frame<'_, '_>, moved: u64) -> Result<i64, Refusal> {
    let Some(Transfer { memory, flags }) = transfer(frame) else { return Ok(moved.cast_signed()) };
    let address = memory.address.checked_add(moved).ok_or(Refusal::Errno(libc::EFAULT))?;
    let rest = Segment { address, length: memory.length - moved.min(memory.length) };
    // A sender of whom a part has been taken is told how much, and not signalled.
    let (row, turn) = (frame.call, frame.executor.turn);
    let sent = make(frame, rest, flags | NO_SIGNAL, |number, arguments| turn.call_as(row, number, arguments))?;
    Ok(moved.cast_signed() + sent.max(0))
}

fn transfer(frame: &Frame<'_, '_>) -> Option<Transfer> {
    let request = frame.request;
    let [_, _, _, flags, address, _] = request.arguments;
    let buffer = request.buffer(1, Role::WHOLE)?;
    let length = number_of(frame.call, 2, &request.arguments);
    let fits = (1..=LONGEST).contains(&length) && buffer.segment_count == 1 && buffer.accessible >= length;
    let Segment { address: start, .. } = request.segments(buffer).next()?;
    let is_usual = address == 0 && low(flags) & !USUAL == 0;
    (fits && is_usual).then_some(Transfer { memory: Segment { address: start, length }, flags: low(flags) })
}

fn make(
    frame: &Frame<'_, '_>,
    memory: Segment,
    flags: u32,
    call: impl FnOnce(i64, [Argument<'_>; 6]) -> i64,
) -> Result<i64, Refusal> {
    let descriptor = programs(frame.request.arguments[0])?;
    let run = host_run(frame.executor.proxy.memory, memory)?;
    let numbers = [memory.length, flags.into()].map(Argument::number);
    let number = frame.call.number.into();
    Ok(call(number, [descriptor, Argument::partition(run), numbers[0], numbers[1], Argument::NULL, Argument::NULL]))
}

fn judge(frame: &Frame<'_, '_>, transfer: Transfer, result: i64) -> Attempted {
    let waits = transfer.flags & DO_NOT_WAIT == 0;
    if result == -i64::from(libc::EINTR) || waits && result == -i64::from(libc::EAGAIN) {
        return Attempted::Nothing;
    }
    let sends = i64::from(frame.call.number) == libc::SYS_sendto;
    match u64::try_from(result) {
        Ok(moved) if sends && waits && moved < transfer.memory.length => Attempted::Begun(moved),
        _ => Attempted::Done(Answer {
            result,
            signal: signals::raised_by(frame.call, frame.request, result),
            ..Answer::default()
        }),
    }
}

//! Signals that a call raises in its caller: SIGPIPE for writing where nobody reads, SIGXFSZ for growing a file past
//! its limit. Linux sends them to the thread, which blocks them; they are taken back here and given to the program.
//! And those that a caller sends itself by naming its group or its pidfd: it has them when its call returns (kill(2)).

use virtio_ikc::message::Direction;
use virtio_ikc::table::Call;

use super::Refusal;
use super::call::generic;
use super::frame::Frame;
use crate::arch::{SignalSet, consume_pending};
use crate::proxy::hand_on_pending;
use crate::request::Parsed;

const RAISED: SignalSet = SignalSet::one(libc::SIGPIPE as u32).with(SignalSet::one(libc::SIGXFSZ as u32));

/// The signal that the call which answered `result` raised, or 0.
pub(super) fn raised_by(call: &Call, request: &Parsed<'_>, result: i64) -> u32 {
    if may_have_raised(call, request, result) { consume_pending(RAISED) } else { 0 }
}

/// Takes back a signal that a part of a call raised and the call as a whole does not.
pub(super) fn forget_raised() {
    consume_pending(RAISED);
}

/// A writer is signalled even if it wrote a part before the reader went away.
fn may_have_raised(call: &Call, request: &Parsed<'_>, result: i64) -> bool {
    if result == -i64::from(libc::EPIPE) || result == -i64::from(libc::EFBIG) {
        return true;
    }
    let Ok(moved) = u64::try_from(result) else { return false };
    match i64::from(call.number) {
        libc::SYS_write | libc::SYS_pwrite64 | libc::SYS_sendto => moved < request.arguments[2],
        libc::SYS_writev | libc::SYS_sendmsg | libc::SYS_pwritev | libc::SYS_pwritev2 | libc::SYS_vmsplice => {
            let given = request.buffers().iter().filter(|buffer| buffer.direction == Direction::IN);
            moved < given.map(|buffer| buffer.length).sum()
        }
        libc::SYS_sendfile | libc::SYS_splice | libc::SYS_tee => true,
        _ => false,
    }
}

/// kill(2) and `pidfd_send_signal(2)`. A positive pid is another process's: the LWK signals its own without Linux.
pub(super) fn send(frame: &mut Frame<'_, '_>) -> Result<i64, Refusal> {
    let result = generic(frame)?;
    let is_another = i64::from(frame.call.number) == libc::SYS_kill && frame.low(0).cast_signed() > 0;
    if result == 0 && !is_another {
        hand_on_pending(frame.executor.proxy, SignalSet::one(frame.low(1)));
    }
    Ok(result)
}

//! mq_notify(3): its structure can hold a pointer that Linux follows and a descriptor that Linux uses, so it is copied before anybody
//! looks at it.

use std::mem::offset_of;

use virtio_ikc::message::Role;

use super::Refusal;
use super::frame::Frame;
use crate::own_descriptors::is_own;

/// Bytes of a struct sigevent, and of what is sent to the socket that SIGEV_THREAD names (`NOTIFY_COOKIE_LEN`).
const EVENT_BYTES: u64 = 64;
const COOKIE_BYTES: u64 = 32;

/// mq_notify(3).
pub(super) fn execute(frame: &mut Frame<'_, '_>) -> Result<i64, Refusal> {
    if let Some(event) = frame.request.buffer(1, Role::WHOLE).copied().filter(|buffer| buffer.segment_count > 0) {
        frame.arguments[1] = frame.bounce(1, &event, EVENT_BYTES)?;
        if word(frame, offset_of!(libc::sigevent, sigev_notify)) == Some(libc::SIGEV_THREAD) {
            place_cookie(frame)?;
        }
    }
    frame.place_all()?;
    frame.run()
}

fn word(frame: &mut Frame<'_, '_>, at: usize) -> Option<i32> {
    frame.bytes(1)?.get(at..)?.first_chunk().map(|word| i32::from_ne_bytes(*word))
}

/// Lets the structure point to our own copy of what is to be sent.
fn place_cookie(frame: &mut Frame<'_, '_>) -> Result<(), Refusal> {
    let socket = word(frame, offset_of!(libc::sigevent, sigev_signo)).unwrap_or(-1);
    if is_own(socket.cast_unsigned().into()) {
        return Err(Refusal::Errno(libc::EBADF));
    }
    let cookie = frame.request.buffer(2, Role::WHOLE).copied().filter(|buffer| buffer.accessible >= COOKIE_BYTES);
    let copy = frame.bounce(2, &cookie.ok_or(Refusal::Errno(libc::EFAULT))?, COOKIE_BYTES)?;
    frame.arguments[2] = copy;
    if let Some(place) = frame.bytes(1).and_then(|bytes| bytes.first_chunk_mut()) {
        *place = copy.register().to_ne_bytes();
    }
    Ok(())
}

//! Calls of many options, of which only some are plain enough to be handed on; the table says which.

use virtio_ikc::table::{prctl, socket_option};

use super::Refusal;
use super::call::generic;
use super::frame::Frame;

/// setsockopt(2), getsockopt(2).
pub(super) fn socket(frame: &mut Frame<'_, '_>) -> Result<i64, Refusal> {
    if socket_option::is_plain(frame.low(1).cast_signed(), frame.low(2).cast_signed()) {
        return generic(frame);
    }
    Err(Refusal::Errno(libc::ENOPROTOOPT))
}

/// prctl(2).
pub(super) fn process(frame: &mut Frame<'_, '_>) -> Result<i64, Refusal> {
    if !prctl::is_plain(frame.low(0)) {
        return Err(Refusal::Errno(libc::EINVAL));
    }
    match frame.low(0).cast_signed() {
        libc::PR_SET_KEEPCAPS
        | libc::PR_CAPBSET_DROP
        | libc::PR_SET_SECUREBITS
        | libc::PR_SET_NO_NEW_PRIVS
        | libc::PR_CAP_AMBIENT => super::credentials::change(frame),
        _ => generic(frame),
    }
}

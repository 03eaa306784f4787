//! Calls of many options, of which only some are plain enough to be handed on; the table says which.

use std::sync::atomic::Ordering;

use virtio_ikc::table::{prctl, socket_option};

use super::Refusal;
use super::call::generic;
use super::exit::LAST_SIGNAL;
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
    if let Some(answer) = death_signal(frame) {
        return answer;
    }
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

/// `PR_SET_PDEATHSIG` and `PR_GET_PDEATHSIG`: Linux's own serves to tie the proxies to the agent. The second answers the
/// signal as its result, since its argument is an address.
fn death_signal(frame: &Frame<'_, '_>) -> Option<Result<i64, Refusal>> {
    let wanted = &frame.executor.proxy.death_signal;
    match frame.low(0).cast_signed() {
        libc::PR_SET_PDEATHSIG => {
            let signal = frame.request.arguments[1];
            let known = u32::try_from(signal).ok().filter(|signal| *signal <= LAST_SIGNAL);
            let Some(signal) = known else { return Some(Err(Refusal::Errno(libc::EINVAL))) };
            wanted.store(signal, Ordering::Relaxed);
            Some(Ok(0))
        }
        libc::PR_GET_PDEATHSIG => Some(Ok(wanted.load(Ordering::Relaxed).into())),
        _ => None,
    }
}

//! Calls that Linux serves: the table says what their arguments are, so one marshaller serves nearly all.

mod arguments;
mod buffer;
mod message;
mod socket;
mod truncation;
mod vector;
mod wait_mask;

use virtio_ikc::table::{Argument, Call, Restart};

use crate::errno::{Errno, SysResult, from_register};
use crate::ikc::request::{self, Draft};
use crate::process::signal::deliver::{RESTART_WITH_FLAG, RESTART_WITHOUT_HANDLER};
use crate::process::signal::{from_kernel, queue_for_thread};
use crate::process::thread::Thread;

/// Hands `call` to Linux.
pub fn serve(thread: &Thread, call: &'static Call, arguments: [u64; 6]) -> SysResult {
    if call.arguments.iter().any(|kind| matches!(kind, Argument::MessagesIn(_) | Argument::MessagesOut(_))) {
        return message::serve_many(thread, call, arguments);
    }
    let result = wait_mask::with(thread, call, arguments, |arguments| {
        let draft = arguments::marshal(thread, call, arguments)?;
        send(thread, call, draft)
    });
    if result.is_ok() {
        truncation::follow(thread, call, &arguments);
    }
    result
}

/// Sends a drafted call and makes of the reply what the program gets.
pub(super) fn send(thread: &Thread, call: &Call, draft: Draft) -> SysResult {
    let descriptor = draft.argument(0);
    let reply = if call.may_wait() { request::send_interruptible(draft) } else { request::send(draft) };
    if let Some(raised) = from_kernel(reply.signal) {
        queue_for_thread(thread, raised)?;
    }
    if reply.interrupted == 0 {
        return from_register(reply.result);
    }
    match call.restart {
        Restart::WithHandlerFlag if socket::has_timeout(call, descriptor) => Err(Errno::EINTR),
        Restart::WithHandlerFlag => Err(Errno(RESTART_WITH_FLAG)),
        Restart::WithoutHandler => Err(Errno(RESTART_WITHOUT_HANDLER)),
        Restart::Never => Err(Errno::EINTR),
    }
}

//! Calls that Linux serves: the table says what their arguments are, so one marshaller serves nearly all.

mod arguments;
mod buffer;
mod interfaces;
mod message;
mod socket;
mod truncation;
mod vector;
mod wait_mask;

use linux_raw_sys::general as abi;
use virtio_ikc::message::Direction;
use virtio_ikc::table::{Argument, Call, Restart};

use crate::errno::{Errno, SysResult, from_register};
use crate::ikc::events;
use crate::ikc::request::{self, Draft};
use crate::process::signal::deliver::{RESTART_WITH_FLAG, RESTART_WITHOUT_HANDLER};
use crate::process::signal::{from_kernel, left, queue_for_thread};
use crate::process::thread::Thread;
use crate::views::{self, Asked};

/// Hands `call` to Linux.
pub fn serve(thread: &Thread, call: &'static Call, arguments: [u64; 6]) -> SysResult {
    if call.arguments.iter().any(|kind| matches!(kind, Argument::MessagesIn(_) | Argument::MessagesOut(_))) {
        return message::serve_many(thread, call, arguments);
    }
    if interfaces::asks_for_list(call, &arguments) {
        return interfaces::list(thread, arguments);
    }
    let result = loop {
        let result = wait_mask::with(thread, call, arguments, |arguments| {
            let mut draft = Draft::call(call.number, arguments);
            arguments::marshal(thread, call, &mut draft)?;
            left::while_in_linux(thread, || send(thread, call, &mut draft))
        });
        if result != Err(views::AGAIN) {
            break result;
        }
    };
    if result.is_ok() {
        truncation::follow(call, &arguments);
        if signals_the_caller(call, &arguments) {
            events::take_from_proxy(thread.process());
        }
    }
    result
}

/// Whether the caller may be among those whom `call` signals: it has the signal then when the call returns (kill(2)), and the agent has
/// told of it before the reply.
fn signals_the_caller(call: &Call, arguments: &[u64; 6]) -> bool {
    let target = u32::try_from(arguments[0] & 0xffff_ffff).unwrap_or(0).cast_signed();
    match u32::from(call.number) {
        abi::__NR_kill => target <= 0,
        abi::__NR_pidfd_send_signal => true,
        _ => false,
    }
}

/// Hands `call` to Linux with the program's memory that arguments point to: which ones, which way, and how many bytes, says the caller and
/// not the row.
pub(super) fn serve_with(
    thread: &Thread,
    call: &Call,
    arguments: [u64; 6],
    memory: &[(u8, Direction, u64)],
) -> SysResult {
    let mut draft = Draft::call(call.number, arguments);
    for (position, direction, length) in memory.iter().copied() {
        let address = arguments[usize::from(position)];
        buffer::add(&mut thread.process().space.lock(), &mut draft, position, direction, address, length, None);
    }
    send(thread, call, &mut draft)
}

/// Sends a drafted call and makes of the reply what the program gets.
pub(super) fn send(thread: &Thread, call: &Call, draft: &mut Draft) -> SysResult {
    let reply = request::exchange(draft, call.may_wait());
    if let Some(raised) = from_kernel(reply.signal) {
        queue_for_thread(thread, raised)?;
    }
    if reply.interrupted == 0 {
        let result = from_register(reply.result)?;
        let asked = Asked::of(&reply);
        return asked.map_or(Ok(result), |asked| views::answer(thread, call, &draft.raw_arguments(), result, &asked));
    }
    match call.restart {
        Restart::WithHandlerFlag if socket::has_timeout(call, draft.raw_arguments()[0]) => Err(Errno::EINTR),
        Restart::WithHandlerFlag => Err(Errno(RESTART_WITH_FLAG)),
        Restart::WithoutHandler => Err(Errno(RESTART_WITHOUT_HANDLER)),
        Restart::Never => Err(Errno::EINTR),
    }
}

//! Masks that hold while a call waits (ppoll(2), pselect(2), `epoll_pwait(2))`: signals are the LWK's, so it applies the mask and Linux
//! is given none.

use lwk_core::signal::SignalSet;
use virtio_ikc::table::{Argument, Call};

use crate::errno::{Errno, SysResult};
use crate::process::signal::deliver::{RESTART_WITH_FLAG, RESTART_WITHOUT_HANDLER};
use crate::process::signal::left;
use crate::process::thread::Thread;

/// Bytes of a signal set.
const SET_BYTES: u64 = 8;

/// Runs `body` with the mask that the call names in force; it is undone when the call returns to the program (so that a signal that it
/// let through finds it still in force). `body` gets the arguments without the mask.
pub fn with(
    thread: &Thread,
    call: &Call,
    mut arguments: [u64; 6],
    body: impl FnOnce([u64; 6]) -> SysResult,
) -> SysResult {
    for (position, kind) in call.arguments.iter().enumerate() {
        let (address, length) = match *kind {
            Argument::WaitMask(size) => (arguments[position], arguments[usize::from(size)]),
            Argument::WaitMaskPair => read_pair(thread, arguments[position])?,
            _ => continue,
        };
        arguments[position] = 0;
        if address == 0 {
            continue;
        }
        if length != SET_BYTES {
            return Err(Errno::EINVAL);
        }
        let mask: u64 = thread.process().space.lock().read(address)?;
        thread.signals.lock().wait_with(SignalSet(mask));
        left::follow(thread);
    }
    let result = body(arguments);
    if !matches!(result, Err(Errno::EINTR | Errno(RESTART_WITH_FLAG | RESTART_WITHOUT_HANDLER))) {
        thread.signals.lock().restore_mask();
    }
    result
}

fn read_pair(thread: &Thread, address: u64) -> Result<(u64, u64), Errno> {
    if address == 0 {
        return Ok((0, 0));
    }
    let [mask, length] = thread.process().space.lock().read::<[u64; 2]>(address)?;
    Ok((mask, length))
}

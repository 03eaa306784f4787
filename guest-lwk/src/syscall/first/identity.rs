//! User and group ids: Linux's, but what it has said once is true until the process changes it.

use virtio_ikc::table::Call;

use crate::errno::{SysResult, from_register};
use crate::ikc::request::{self, Draft};
use crate::process::thread::Thread;

/// getuid(2), geteuid(2), getgid(2), getegid(2).
pub fn get(thread: &Thread, call: &Call) -> SysResult {
    let identity = &thread.process().identity;
    if let Some(known) = identity.known(u32::from(call.number)) {
        return Ok(u64::from(known));
    }
    let changes = identity.changes();
    let answer = from_register(request::send(Draft::call(call.number, [0; 6])).result)?;
    identity.learn(u32::from(call.number), answer, changes);
    Ok(answer)
}

/// setuid(2) and its relatives.
pub fn set(thread: &Thread, call: &Call, arguments: [u64; 6]) -> SysResult {
    let reply = request::send(Draft::call(call.number, arguments));
    thread.process().identity.forget();
    from_register(reply.result)
}

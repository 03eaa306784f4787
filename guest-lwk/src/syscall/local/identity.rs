//! uname(2).

use crate::arch::boot;
use crate::errno::SysResult;
use crate::process::thread::Thread;

/// uname(2): Linux, and the host's release with a mark of ours.
pub fn uname(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let fields = boot::page().uname;
    thread.process().space.lock().copy_out(arguments[0], fields.as_flattened())?;
    Ok(0)
}

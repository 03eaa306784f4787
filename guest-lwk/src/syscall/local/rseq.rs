//! rseq(2): registering a thread's area for restartable sequences.

use virtio_ikc::layout::PROGRAM_END;

use crate::errno::{Errno, SysResult};
use crate::process::rseq::Area;
use crate::process::thread::Thread;

/// `RSEQ_FLAG_UNREGISTER`.
const UNREGISTER: u64 = 1;
/// Bytes of the first version of struct rseq, and what its address is a multiple of.
const AREA_BYTES: u64 = 32;

/// rseq(2), with the checks of Linux's `sys_rseq()` in its order.
pub fn register(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [address, length, flags, signature, ..] = arguments;
    let (length, flags) = (length & 0xffff_ffff, flags & 0xffff_ffff);
    let signature = u32::try_from(signature & 0xffff_ffff).unwrap_or(0);
    let mut registered = thread.rseq.lock();
    if flags & UNREGISTER != 0 {
        if flags != UNREGISTER {
            return Err(Errno::EINVAL);
        }
        let area = registered.filter(|area| area.address == address && area.length == length).ok_or(Errno::EINVAL)?;
        if area.signature != signature {
            return Err(Errno::EPERM);
        }
        *registered = None;
        drop(registered);
        return area.reset(&mut thread.process().space.lock()).map(|()| 0);
    }
    if flags != 0 {
        return Err(Errno::EINVAL);
    }
    if let Some(area) = *registered {
        if area.address != address || area.length != length {
            return Err(Errno::EINVAL);
        }
        return Err(if area.signature == signature { Errno::EBUSY } else { Errno::EPERM });
    }
    if !(AREA_BYTES..=virtio_ikc::address::PAGE_SIZE).contains(&length) || !address.is_multiple_of(AREA_BYTES) {
        return Err(Errno::EINVAL);
    }
    if address >= PROGRAM_END {
        return Err(Errno::EFAULT);
    }
    *registered = Some(Area { address, length, signature, shown: None });
    drop(registered);
    thread.touch_rseq();
    Ok(0)
}

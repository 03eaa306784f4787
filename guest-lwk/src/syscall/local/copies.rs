//! process_vm_readv(2) and process_vm_writev(2): both memories are the LWK's.

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use linux_raw_sys::general as abi;
use virtio_ikc::address::PAGE_SIZE;
use virtio_ikc::table::Call;

use crate::errno::{Errno, SysResult, from_register};
use crate::ikc::request::{self, Draft};
use crate::process::process::Process;
use crate::process::table;
use crate::process::thread::Thread;

/// `UIO_MAXIOV`.
const MOST_PIECES: u64 = 1024;
/// kill(2).
const KILL: u16 = 62;

/// A list of pieces of memory that is walked through.
struct Pieces {
    list: Vec<[u64; 2]>,
    index: usize,
}

impl Pieces {
    fn read(thread: &Thread, address: u64, count: u64) -> Result<Self, Errno> {
        if count > MOST_PIECES {
            return Err(Errno::EINVAL);
        }
        let mut space = thread.process().space.lock();
        let mut list = Vec::new();
        for index in 0..count {
            let piece: [u64; 2] = space.read(address.wrapping_add(index * 16))?;
            if piece[1] > i64::MAX as u64 {
                return Err(Errno::EINVAL);
            }
            list.push(piece);
        }
        Ok(Self { list, index: 0 })
    }

    /// The next piece that is not used up.
    fn current(&mut self) -> Option<[u64; 2]> {
        while self.list.get(self.index).is_some_and(|piece| piece[1] == 0) {
            self.index += 1;
        }
        self.list.get(self.index).copied()
    }

    fn advance(&mut self, bytes: u64) {
        let piece = &mut self.list[self.index];
        *piece = [piece[0].wrapping_add(bytes), piece[1] - bytes];
    }
}

/// Serves both.
pub fn copy(thread: &Thread, call: &Call, arguments: [u64; 6]) -> SysResult {
    let [pid, local, local_count, remote, remote_count, flags] = arguments;
    if flags != 0 {
        return Err(Errno::EINVAL);
    }
    let mut here = Pieces::read(thread, local, local_count)?;
    let mut there = Pieces::read(thread, remote, remote_count)?;
    let other = target(pid)?;
    let own = thread.process();
    let writes = u32::from(call.number) == abi::__NR_process_vm_writev;
    let mut done = 0;
    while let (Some(here_piece), Some(there_piece)) = (here.current(), there.current()) {
        let to_page_end = |address: u64| PAGE_SIZE - address % PAGE_SIZE;
        let length = here_piece[1].min(there_piece[1]).min(to_page_end(here_piece[0])).min(to_page_end(there_piece[0]));
        let copied = if writes {
            copy_piece(own, here_piece[0], &other, there_piece[0], length)
        } else {
            copy_piece(&other, there_piece[0], own, here_piece[0], length)
        };
        if let Err(error) = copied {
            return if done > 0 { Ok(done) } else { Err(error) };
        }
        here.advance(length);
        there.advance(length);
        done += length;
    }
    Ok(done)
}

/// The process `pid` of the partition, if the caller may send it signals, which Linux knows; those outside keep their memory to themselves.
fn target(pid: u64) -> Result<Arc<Process>, Errno> {
    from_register(request::send(Draft::call(KILL, [pid, 0, 0, 0, 0, 0])).result)?;
    let process = u32::try_from(pid & 0xffff_ffff).ok().and_then(table::thread);
    process.map(|thread| Arc::clone(thread.process())).ok_or(Errno::EPERM)
}

fn copy_piece(from: &Process, source: u64, to: &Process, target: u64, length: u64) -> Result<(), Errno> {
    let mut bytes = vec![0; usize::try_from(length).map_err(|_| Errno::EFAULT)?];
    from.space.lock().copy_in(source, &mut bytes)?;
    to.space.lock().copy_out(target, &bytes)
}

//! `mem` and `pagemap`: files whose bytes are not a text. Linux keeps the position, the bytes never leave the partition.

use alloc::sync::Arc;
use alloc::vec;

use linux_raw_sys::general as abi;
use virtio_ikc::address::PAGE_SIZE;
use virtio_ikc::layout::PROGRAM_END;
use virtio_ikc::view::View;

use crate::errno::{Errno, SysResult};
use crate::ikc::request::{self, Draft};
use crate::process::process::Process;
use crate::process::thread::Thread;

const LSEEK: u16 = 8;
/// The most that one call reads of `pagemap`.
const PIECE: u64 = 64 << 10;
/// Bits of an entry of `pagemap` (proc(5)): there is a page; no other process has it. Its frame is not told, as to the unprivileged.
const PRESENT: u64 = 1 << 63;
const EXCLUSIVE: u64 = 1 << 56;
const ENTRY_BYTES: u64 = 8;

/// A read(2) or write(2), or one of their relatives with a position.
pub struct Transfer {
    /// The descriptor.
    pub descriptor: u64,
    /// Where in the file.
    pub position: u64,
    /// Where in the caller's memory.
    pub address: u64,
    /// How many bytes.
    pub length: u64,
    /// Whether the descriptor's position moves on.
    pub moves_on: bool,
}

impl Transfer {
    /// Moves bytes between `thread`'s memory and `process`.
    pub fn run(&self, thread: &Thread, process: &Arc<Process>, call: &str, view: View) -> SysResult {
        let is_read = matches!(call, "read" | "pread64");
        let moved = match (view, is_read) {
            (View::PAGE_MAP, true) => self.entries(thread, process),
            (View::PAGE_MAP, false) => Err(Errno::EINVAL),
            (_, true) => self.by_pieces(|at, address, length| read(thread, process, at, address, length)),
            (_, false) => self.by_pieces(|at, address, length| write(thread, process, at, address, length)),
        }?;
        if self.moves_on && moved > 0 {
            request::send(Draft::call(LSEEK, [self.descriptor, moved, u64::from(abi::SEEK_CUR), 0, 0, 0]));
        }
        Ok(moved)
    }

    fn by_pieces(&self, step: impl Fn(u64, u64, u64) -> Result<(), Errno>) -> SysResult {
        let mut done = 0;
        while done < self.length {
            let at = self.position.wrapping_add(done);
            let length = (PAGE_SIZE - at % PAGE_SIZE).min(self.length - done);
            match step(at, self.address.wrapping_add(done), length) {
                Ok(()) => done += length,
                Err(_) if done > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    fn entries(&self, thread: &Thread, process: &Arc<Process>) -> SysResult {
        if !self.position.is_multiple_of(ENTRY_BYTES) || !self.length.is_multiple_of(ENTRY_BYTES) {
            return Err(Errno::EINVAL);
        }
        let end = PROGRAM_END / PAGE_SIZE * ENTRY_BYTES;
        let length = self.length.min(end.saturating_sub(self.position)).min(PIECE);
        let mut bytes = vec![];
        {
            let space = process.space.lock();
            for at in (self.position..self.position + length).step_by(8) {
                let is_there = space.page_at(at / ENTRY_BYTES * PAGE_SIZE).is_some();
                let entry: u64 = if is_there { PRESENT | EXCLUSIVE } else { 0 };
                bytes.extend(entry.to_le_bytes());
            }
        }
        thread.process().space.lock().copy_out(self.address, &bytes)?;
        Ok(length)
    }
}

fn is_own(thread: &Thread, process: &Arc<Process>) -> bool {
    Arc::ptr_eq(thread.process(), process)
}

fn buffer(length: u64) -> alloc::vec::Vec<u8> {
    vec![0; usize::try_from(length).unwrap_or(0)]
}

fn read(thread: &Thread, process: &Arc<Process>, at: u64, address: u64, length: u64) -> Result<(), Errno> {
    let mut bytes = buffer(length);
    let found = {
        let mut space = process.space.lock();
        if is_own(thread, process) { space.copy_in(at, &mut bytes) } else { space.peek(at, &mut bytes) }
    };
    found.map_err(|_| Errno::EIO)?;
    thread.process().space.lock().copy_out(address, &bytes)
}

fn write(thread: &Thread, process: &Arc<Process>, at: u64, address: u64, length: u64) -> Result<(), Errno> {
    let mut bytes = buffer(length);
    thread.process().space.lock().copy_in(address, &mut bytes)?;
    let mut space = process.space.lock();
    let done = if is_own(thread, process) { space.copy_out(at, &bytes) } else { space.poke(at, &bytes) };
    done.map_err(|_| Errno::EIO)
}

//! The window of shared mappings, made when it is first used: most programs never map a file shared.

use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Errno;
use virtio_ikc::address::GuestPhysical;
use virtio_ikc::layout::{WINDOW_BYTES, WINDOW_PHYSICAL};

use crate::arch::window::Window;
use crate::vm::Machine;

/// Bytes of a memory slot. KVM keeps tables for a slot that are half a percent of its size, so the window is not one.
const CHUNK: u64 = 1 << 30;
/// The slots of the window come after those of the memory.
const FIRST_SLOT: u32 = 8;

/// The window of a partition.
#[derive(Debug, Default)]
pub(super) struct SharedWindow {
    window: Option<Window>,
    /// By chunk, whether the guest sees it.
    shown: Vec<bool>,
}

impl SharedWindow {
    /// Maps `length` bytes of `file` from `offset` at `at` of the window.
    pub(super) fn map(
        &mut self,
        machine: &Machine,
        at: u64,
        length: u64,
        file: Option<&OwnedFd>,
        offset: u64,
        writable: bool,
    ) -> Result<(), Errno> {
        let file = file.ok_or(Errno::BADF)?;
        let end = at.checked_add(length).filter(|end| *end <= WINDOW_BYTES).ok_or(Errno::INVAL)?;
        if self.window.is_none() {
            self.window = Some(Window::reserve(WINDOW_BYTES)?);
            self.shown = (0..WINDOW_BYTES / CHUNK).map(|_| false).collect();
        }
        let window = self.window.as_ref().ok_or(Errno::NOMEM)?;
        window.map(at, length, file.as_fd(), offset, writable)?;
        let chunks = (0_u32..).zip((0..WINDOW_BYTES).step_by(1 << 30)).zip(&mut self.shown);
        for ((chunk, start), shown) in chunks {
            let touched = start < end && start + CHUNK > at;
            if touched && !*shown {
                let guest = GuestPhysical(WINDOW_PHYSICAL + start);
                window.show(machine.vm(), FIRST_SLOT + chunk, guest, start, CHUNK)?;
                *shown = true;
            }
        }
        Ok(())
    }

    /// Takes a part of the window away.
    pub(super) fn unmap(&self, at: u64, length: u64) -> Result<(), Errno> {
        self.window.as_ref().ok_or(Errno::INVAL)?.unmap(at, length)
    }
}

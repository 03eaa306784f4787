//! The window of shared mappings, made when it is first used: most programs never map a file shared.
//!
//! A file that is mapped can be truncated by anybody. Linux would send SIGBUS for an access behind its new end; KVM
//! tries such an access again for ever. So the sizes of mapped files are looked at twice a second, and what lies behind the
//! end of one that has shrunk is taken away: the access then comes out of the guest as an error.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::{FileType, fstat};
use rustix::io::Errno;
use virtio_ikc::address::{GuestPhysical, PAGE_SIZE};
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
    /// Chunks that the guest sees.
    shown: Vec<u64>,
    parts: Vec<Part>,
}

/// A part of a file in the window.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// Where it is in the window.
    pub(super) at: u64,
    /// Its length.
    pub(super) length: u64,
    /// The file, and where the part is in it.
    pub(super) file: Arc<OwnedFd>,
    pub(super) offset: u64,
    /// Whether the guest may write.
    pub(super) writable: bool,
    /// The file's size when it was looked at last; `None` for what has no end.
    pub(super) size: Option<u64>,
}

impl SharedWindow {
    /// Maps `part` in place of what was there.
    pub(super) fn map(&mut self, machine: &Machine, mut part: Part) -> Result<(), Errno> {
        let end = part.end().filter(|end| *end <= WINDOW_BYTES).ok_or(Errno::INVAL)?;
        if self.window.is_none() {
            self.window = Some(Window::reserve(WINDOW_BYTES)?);
        }
        let window = self.window.as_ref().ok_or(Errno::NOMEM)?;
        part.map(window, part.offset, part.length)?;
        for chunk in part.at / CHUNK..end.div_ceil(CHUNK) {
            if !self.shown.contains(&chunk) {
                let slot = FIRST_SLOT + u32::try_from(chunk).map_err(|_| Errno::INVAL)?;
                let start = chunk * CHUNK;
                window.show(machine.vm(), slot, GuestPhysical(WINDOW_PHYSICAL + start), start, CHUNK)?;
                self.shown.push(chunk);
            }
        }
        part.size = size(&part.file);
        self.forget(part.at, end);
        self.parts.push(part);
        Ok(())
    }

    /// Takes a part of the window away.
    pub(super) fn unmap(&mut self, at: u64, length: u64) -> Result<(), Errno> {
        self.window.as_ref().ok_or(Errno::INVAL)?.unmap(at, length)?;
        self.forget(at, at + length);
        Ok(())
    }

    /// Looks at the files' sizes.
    pub(super) fn follow_sizes(&mut self) {
        let Some(window) = &self.window else { return };
        for part in &mut self.parts {
            part.follow_size(window);
        }
    }

    /// Keeps of each part only what lies outside of `start..end`.
    fn forget(&mut self, start: u64, end: u64) {
        let outside = |part: Part| [part.clone().before(start), part.after(end)];
        self.parts = self.parts.drain(..).flat_map(outside).flatten().collect();
    }
}

impl Part {
    fn end(&self) -> Option<u64> {
        self.at.checked_add(self.length)
    }

    fn before(mut self, start: u64) -> Option<Self> {
        self.length = self.length.min(start.saturating_sub(self.at));
        (self.length > 0).then_some(self)
    }

    fn after(mut self, end: u64) -> Option<Self> {
        let cut = end.saturating_sub(self.at).min(self.length);
        (self.at, self.offset, self.length) = (self.at + cut, self.offset + cut, self.length - cut);
        (self.length > 0).then_some(self)
    }

    /// Maps the `length` bytes of the file from `offset`, which belong to the part.
    fn map(&self, window: &Window, offset: u64, length: u64) -> Result<(), Errno> {
        window.map(self.at + offset - self.offset, length, self.file.as_fd(), offset, self.writable)
    }

    fn follow_size(&mut self, window: &Window) {
        let (Some(old), Some(new)) = (self.size, size(&self.file)) else { return };
        let inside = |size: u64| size.next_multiple_of(PAGE_SIZE).clamp(self.offset, self.offset + self.length);
        let (from, to) = (inside(old.min(new)), inside(old.max(new)));
        let done = match from < to {
            true if new < old => window.unmap(self.at + from - self.offset, to - from),
            true => self.map(window, from, to - from),
            false => Ok(()),
        };
        if done.is_ok() {
            self.size = Some(new);
        }
    }
}

fn size(file: &OwnedFd) -> Option<u64> {
    let found = fstat(file).ok()?;
    let regular = FileType::from_raw_mode(found.st_mode) == FileType::RegularFile;
    regular.then(|| u64::try_from(found.st_size).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(parts: &[(u64, u64)]) -> SharedWindow {
        let file = Arc::new(tempfile::tempfile().expect("a file").into());
        let part = |(at, length): &(u64, u64)| Part {
            at: *at,
            length: *length,
            file: Arc::clone(&file),
            offset: 100 + at,
            writable: false,
            size: None,
        };
        SharedWindow { parts: parts.iter().map(part).collect(), ..SharedWindow::default() }
    }

    fn left(window: &SharedWindow) -> Vec<(u64, u64, u64)> {
        window.parts.iter().map(|part| (part.at, part.length, part.offset)).collect()
    }

    #[test]
    fn what_is_taken_away_is_forgotten_and_the_rest_keeps_its_place_in_the_file() {
        let mut window = window(&[(0, 10), (10, 10), (20, 10)]);
        window.forget(5, 22);
        assert_eq!(left(&window), [(0, 5, 100), (22, 8, 122)]);
        window.forget(23, 24);
        assert_eq!(left(&window), [(0, 5, 100), (22, 1, 122), (24, 6, 124)]);
        window.forget(0, 100);
        assert!(left(&window).is_empty());
    }

    #[test]
    fn a_window_that_was_never_used_cannot_be_unmapped() {
        assert_eq!(SharedWindow::default().unmap(0, 4096), Err(Errno::INVAL));
    }
}

//! Files that are mapped. Linux keeps them open under a handle; a private mapping's pages are read through it, a shared one's
//! are Linux's own page cache, which the VMM shows in the window.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;

use lwk_core::protection::Protection;
use lwk_core::vma::{Backing, Vma, VmaFlags, VmaTree};
use spin::Mutex;
use virtio_ikc::address::{GuestPhysical, PAGE_SIZE};
use virtio_ikc::layout::{WINDOW_BYTES, WINDOW_PHYSICAL};
use virtio_ikc::message::{Operation, Reply, Segment};

use crate::errno::{Errno, SysResult, from_register};
use crate::ikc::request::{self, Draft};
use crate::process::process::Process;

/// A file that a mapping is asked for.
#[derive(Clone, Copy, Debug)]
pub struct MappedFile {
    /// The agent's name for the open file.
    pub handle: u64,
    /// Offset of the mapping's first byte in the file.
    pub offset: u64,
    /// The file's size when it was opened.
    pub size: u64,
    /// Its device and inode.
    pub identity: (u64, u64),
    /// Whether the descriptor was open for reading and writing.
    pub is_writable: bool,
    /// Whether it is /dev/zero: anonymous memory by another name.
    pub is_zero_device: bool,
}

/// What is known of an open file.
#[derive(Clone, Copy)]
struct OpenFile {
    size: u64,
    /// Device and inode.
    identity: (u64, u64),
    /// Where in the window it is shown, and which offset of the file is there.
    window: Option<Shown>,
}

/// A part of a file, and where in the window it is.
#[derive(Clone, Copy)]
pub struct Shown {
    window: u64,
    offset: u64,
    length: u64,
    writable: bool,
}

/// The part of the window that is in use, and how many address spaces use each piece, by where it begins.
struct Window {
    pieces: VmaTree,
    users: BTreeMap<u64, u32>,
}

static WINDOW: Mutex<Window> = Mutex::new(Window { pieces: VmaTree::new(), users: BTreeMap::new() });

/// The files that an address space has handles of.
#[derive(Default)]
pub struct FileTable {
    files: BTreeMap<u64, OpenFile>,
}

/// Opens the file behind `descriptor` for a mapping (the checks are those of mmap(2), made by the agent).
pub fn reference(descriptor: u64, offset: u64, protection: u64, flags: u64) -> Result<MappedFile, Errno> {
    let mut draft = Draft::operation(Operation::FILE_REFERENCE);
    draft.arguments([descriptor, protection, flags, 0, 0, 0]);
    let reply = request::send(draft);
    let handle = from_register(reply.result)?;
    Ok(MappedFile {
        handle,
        offset,
        size: reply.values[0],
        identity: (reply.values[1], reply.values[2]),
        is_writable: reply.values[3] & 2 != 0,
        is_zero_device: reply.values[3] & 1 != 0,
    })
}

/// Reads `length` bytes of the file from `offset` into the partition's memory; answers how many there were, and the file's size.
pub fn read(handle: u64, offset: u64, to: GuestPhysical, length: u64) -> Result<(u64, Option<u64>), Errno> {
    let (mut done, mut size) = (0, None);
    while done < length {
        let mut draft = Draft::operation(Operation::FILE_READ);
        draft.arguments([handle, offset + done, 0, 0, 0, 0]);
        draft.output(2, &[Segment { address: GuestPhysical(to.0 + done), length: length - done }]);
        let reply = request::send(draft);
        let count = from_register(reply.result)?;
        size = Some(reply.values[0]);
        if count == 0 {
            break;
        }
        done += count;
    }
    Ok((done, size))
}

/// Gives a handle back.
pub fn release_handle(handle: u64) {
    let mut draft = Draft::operation(Operation::FILE_RELEASE);
    draft.arguments([handle, 0, 0, 0, 0, 0]);
    request::send(draft);
}

impl FileTable {
    /// The table of a child that has the same handles (fork(2)).
    pub fn fork(&self) -> Self {
        let mut window = WINDOW.lock();
        for shown in self.files.values().filter_map(|file| file.window) {
            *window.users.entry(shown.window).or_insert(1) += 1;
        }
        Self { files: self.files.clone() }
    }

    /// Takes note of an open file that the agent named `handle`.
    pub fn remember(&mut self, handle: u64, size: u64, identity: (u64, u64)) {
        self.files.insert(handle, OpenFile { size, identity, window: None });
    }

    /// The same unless it is known.
    pub fn remember_if_unknown(&mut self, handle: u64, size: u64, identity: (u64, u64)) {
        self.files.entry(handle).or_insert(OpenFile { size, identity, window: None });
    }

    /// All handles.
    pub fn handles(&self) -> Vec<u64> {
        self.files.keys().copied().collect()
    }

    /// The size of the file when it was last asked for.
    pub fn size(&self, handle: u64) -> u64 {
        self.files.get(&handle).map_or(0, |file| file.size)
    }

    /// Device and inode of the file.
    pub fn identity(&self, handle: u64) -> Option<(u64, u64)> {
        self.files.get(&handle).map(|file| file.identity)
    }

    /// Reads from the file into the partition's memory; answers how many bytes there were.
    pub fn read(&mut self, handle: u64, offset: u64, to: GuestPhysical, length: u64) -> SysResult {
        let (count, size) = read(handle, offset, to, length)?;
        self.set_size(handle, size);
        Ok(count)
    }

    fn set_size(&mut self, handle: u64, size: Option<u64>) {
        if let (Some(file), Some(size)) = (self.files.get_mut(&handle), size) {
            file.size = size;
        }
    }

    /// Gives an open file back, if the table has it.
    pub fn release(&mut self, handle: u64) {
        if self.forget(handle) {
            release_handle(handle);
        }
    }

    /// Forgets an open file, and what the window shows of it. Whether the table had it.
    fn forget(&mut self, handle: u64) -> bool {
        let Some(file) = self.files.remove(&handle) else { return false };
        if let Some(shown) = file.window {
            close_window(shown);
        }
        true
    }

    /// Forgets all files; gives the handles back if the proxy lives on.
    pub fn clear(&mut self, release: bool) {
        for handle in self.handles() {
            self.forget(handle);
            if release {
                release_handle(handle);
            }
        }
    }

    /// Shows `length` bytes of `file` in the window, so that its page cache can be mapped; whether they can be written. A sealed file can
    /// be open for writing and yet not be mapped so (fcntl(2), `F_SEAL_WRITE`).
    pub fn open_window(&mut self, file: MappedFile, length: u64, protection: Protection) -> Result<bool, Errno> {
        let must_write = protection.contains(Protection::WRITE);
        let shown = match show(file.handle, file.offset, length, file.is_writable || must_write) {
            Err(Errno::EPERM) if !must_write => show(file.handle, file.offset, length, false)?,
            shown => shown?,
        };
        if let Some(open) = self.files.get_mut(&file.handle) {
            open.window = Some(shown);
        }
        Ok(shown.writable)
    }

    /// Shows as much more of the file as is needed for `range` to be seen. What was shown is then at another place: the caller
    /// takes the old pages out of all mappings, and gives the answer, if there is one, to [`close_window`].
    pub fn widen_window(&mut self, handle: u64, range: &Range<u64>) -> Result<Option<Shown>, Errno> {
        let Some(old) = self.files.get(&handle).and_then(|file| file.window) else { return Err(Errno::EFAULT) };
        let (start, end) = (range.start.min(old.offset), range.end.max(old.offset + old.length));
        if (start, end) == (old.offset, old.offset + old.length) {
            return Ok(None);
        }
        let wider = show(handle, start, end - start, old.writable)?;
        if let Some(open) = self.files.get_mut(&handle) {
            open.window = Some(wider);
        }
        Ok(Some(old))
    }

    /// Where byte `offset` of the file is shown in the window, if it is, and if the file reaches so far.
    pub fn shown_at(&self, handle: u64, offset: u64) -> Option<GuestPhysical> {
        let shown = self.files.get(&handle)?.window?;
        let distance = offset.checked_sub(shown.offset).filter(|distance| *distance < shown.length)?;
        Some(GuestPhysical(WINDOW_PHYSICAL + shown.window + distance))
    }

    /// The files of which something is shown in the window.
    pub fn shown_handles(&self) -> Vec<u64> {
        self.files.iter().filter(|(_, file)| file.window.is_some()).map(|(handle, _)| *handle).collect()
    }

    /// Asks Linux for the file's size now.
    pub fn refresh_size(&mut self, handle: u64) -> u64 {
        self.set_size(handle, ask_size(request::send, handle));
        self.size(handle)
    }

    /// The same for a table of `process`, which need not be the caller's.
    pub fn refresh_size_for(&mut self, process: &Arc<Process>, handle: u64) -> u64 {
        self.set_size(handle, ask_size(|draft| request::send_for(process, draft), handle));
        self.size(handle)
    }
}

fn ask_size(send: impl FnOnce(Draft) -> Reply, handle: u64) -> Option<u64> {
    let mut draft = Draft::operation(Operation::FILE_READ);
    draft.arguments([handle, 0, 0, 0, 0, 0]);
    let reply = send(draft);
    (reply.result >= 0).then_some(reply.values[0])
}

/// Takes what was shown out of the window, if no other address space uses it.
pub fn close_window(shown: Shown) {
    {
        let mut window = WINDOW.lock();
        if let Some(users) = window.users.get_mut(&shown.window) {
            *users -= 1;
            if *users == 1 {
                window.users.remove(&shown.window);
            }
            return;
        }
    }
    let mut draft = Draft::operation(Operation::WINDOW_UNMAP);
    draft.arguments([shown.window, shown.length, 0, 0, 0, 0]);
    request::send(draft);
    WINDOW.lock().pieces.remove(&(shown.window..shown.window + shown.length));
}

fn show(handle: u64, offset: u64, length: u64, writable: bool) -> Result<Shown, Errno> {
    let window = reserve_window(length)?;
    let mut draft = Draft::operation(Operation::WINDOW_MAP);
    draft.arguments([handle, offset, length, window, u64::from(writable), 0]);
    match from_register(request::send(draft).result) {
        Ok(_) => Ok(Shown { window, offset, length, writable }),
        Err(error) => {
            WINDOW.lock().pieces.remove(&(window..window + length));
            Err(error)
        }
    }
}

fn reserve_window(length: u64) -> Result<u64, Errno> {
    let pieces = &mut WINDOW.lock().pieces;
    let start = pieces.find_gap(length, PAGE_SIZE, 0, WINDOW_BYTES, false).ok_or(Errno::ENOMEM)?;
    pieces.insert(Vma {
        start,
        end: start + length,
        protection: Protection::READ,
        maximum_protection: Protection::READ,
        flags: VmaFlags::SHARED,
        // Neighbours must stay apart: each is taken away by itself.
        backing: Backing::File { handle: start, offset: 0 },
    });
    Ok(start)
}

/// Writes back `length` bytes of the window at `place`, as msync(2) does.
pub fn sync_window(place: GuestPhysical, length: u64, flags: u64) -> SysResult {
    let mut draft = Draft::operation(Operation::WINDOW_SYNC);
    draft.arguments([place.0 - WINDOW_PHYSICAL, length, flags, 0, 0, 0]);
    from_register(request::send(draft).result)
}

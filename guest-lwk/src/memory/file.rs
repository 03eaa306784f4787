//! Files that are mapped. Linux keeps them open under a handle; a private mapping's pages are read through it, a shared one's
//! are Linux's own page cache, which the VMM shows in the window.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use lwk_core::protection::Protection;
use lwk_core::vma::{Backing, Vma, VmaFlags, VmaTree};
use spin::Mutex;
use virtio_ikc::address::{GuestPhysical, PAGE_SIZE};
use virtio_ikc::layout::{WINDOW_BYTES, WINDOW_PHYSICAL};
use virtio_ikc::message::{Operation, Segment};

use crate::errno::{Errno, SysResult, from_register};
use crate::ikc::request::{self, Draft};

/// A file that a mapping is asked for.
#[derive(Clone, Copy, Debug)]
pub struct MappedFile {
    /// The agent's name for the open file.
    pub handle: u64,
    /// Offset of the mapping's first byte in the file.
    pub offset: u64,
    /// The file's size when it was opened.
    pub size: u64,
    /// Whether the descriptor was open for reading and writing.
    pub is_writable: bool,
    /// Whether it is /dev/zero: anonymous memory by another name.
    pub is_zero_device: bool,
}

/// What is known of an open file.
#[derive(Clone, Copy)]
struct OpenFile {
    size: u64,
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

static FILES: Mutex<BTreeMap<u64, OpenFile>> = Mutex::new(BTreeMap::new());
static WINDOW: Mutex<VmaTree> = Mutex::new(VmaTree::new());

/// Opens the file behind `descriptor` for a mapping (the checks are those of mmap(2), made by the agent).
pub fn reference(descriptor: u64, offset: u64, protection: u64, flags: u64) -> Result<MappedFile, Errno> {
    let mut draft = Draft::operation(Operation::FILE_REFERENCE);
    draft.arguments([descriptor, protection, flags, 0, 0, 0]);
    let reply = request::send(draft);
    let handle = from_register(reply.result)?;
    let file = MappedFile {
        handle,
        offset,
        size: reply.values[0],
        is_writable: reply.values[3] & 2 != 0,
        is_zero_device: reply.values[3] & 1 != 0,
    };
    remember(handle, file.size);
    Ok(file)
}

/// Takes note of an open file that the agent named `handle`.
pub fn remember(handle: u64, size: u64) {
    FILES.lock().insert(handle, OpenFile { size, window: None });
}

/// The size of the file when it was last asked for.
pub fn size(handle: u64) -> u64 {
    FILES.lock().get(&handle).map_or(0, |file| file.size)
}

/// Reads from the file into the partition's memory; answers how many bytes there were.
pub fn read(handle: u64, offset: u64, to: GuestPhysical, length: u64) -> SysResult {
    let mut done = 0;
    while done < length {
        let mut draft = Draft::operation(Operation::FILE_READ);
        draft.arguments([handle, offset + done, 0, 0, 0, 0]);
        draft.output(2, &[Segment { address: GuestPhysical(to.0 + done), length: length - done }]);
        let reply = request::send(draft);
        let count = from_register(reply.result)?;
        if let Some(file) = FILES.lock().get_mut(&handle) {
            file.size = reply.values[0];
        }
        if count == 0 {
            break;
        }
        done += count;
    }
    Ok(done)
}

/// Gives an open file back.
pub fn release(handle: u64) {
    let Some(file) = FILES.lock().remove(&handle) else { return };
    if let Some(shown) = file.window {
        close_window(shown);
    }
    let mut draft = Draft::operation(Operation::FILE_RELEASE);
    draft.arguments([handle, 0, 0, 0, 0, 0]);
    request::send(draft);
}

/// Shows `length` bytes of `file` in the window, so that its page cache can be mapped.
pub fn open_window(file: MappedFile, length: u64, protection: Protection) -> Result<(), Errno> {
    let writable = file.is_writable || protection.contains(Protection::WRITE);
    let shown = show(file.handle, file.offset, length, writable).inspect_err(|_| release(file.handle))?;
    if let Some(open) = FILES.lock().get_mut(&file.handle) {
        open.window = Some(shown);
    }
    Ok(())
}

/// Shows as much more of the file as is needed for it to reach up to `end`. What was shown is then at another place: the caller takes
/// the old pages out of all mappings, and gives the answer, if there is one, to [`close_window`].
pub fn widen_window(handle: u64, end: u64) -> Result<Option<Shown>, Errno> {
    let Some(old) = FILES.lock().get(&handle).and_then(|file| file.window) else { return Err(Errno::EFAULT) };
    if end <= old.offset + old.length {
        return Ok(None);
    }
    let wider = show(handle, old.offset, end - old.offset, old.writable)?;
    if let Some(open) = FILES.lock().get_mut(&handle) {
        open.window = Some(wider);
    }
    Ok(Some(old))
}

/// Takes what was shown out of the window.
pub fn close_window(shown: Shown) {
    let mut draft = Draft::operation(Operation::WINDOW_UNMAP);
    draft.arguments([shown.window, shown.length, 0, 0, 0, 0]);
    request::send(draft);
    WINDOW.lock().remove(&(shown.window..shown.window + shown.length));
}

fn show(handle: u64, offset: u64, length: u64, writable: bool) -> Result<Shown, Errno> {
    let window = reserve_window(length)?;
    let mut draft = Draft::operation(Operation::WINDOW_MAP);
    draft.arguments([handle, offset, length, window, u64::from(writable), 0]);
    match from_register(request::send(draft).result) {
        Ok(_) => Ok(Shown { window, offset, length, writable }),
        Err(error) => {
            WINDOW.lock().remove(&(window..window + length));
            Err(error)
        }
    }
}

fn reserve_window(length: u64) -> Result<u64, Errno> {
    let mut window = WINDOW.lock();
    let start = window.find_gap(length, PAGE_SIZE, 0, WINDOW_BYTES, false).ok_or(Errno::ENOMEM)?;
    window.insert(Vma {
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

/// Where byte `offset` of the file is shown in the window, if it is, and if the file reaches so far.
pub fn shown_at(handle: u64, offset: u64) -> Option<GuestPhysical> {
    let shown = FILES.lock().get(&handle)?.window?;
    let distance = offset.checked_sub(shown.offset).filter(|distance| *distance < shown.length)?;
    Some(GuestPhysical(WINDOW_PHYSICAL + shown.window + distance))
}

/// Where in the window `length` bytes from `offset` of the file are, for msync(2).
pub fn sync_window(handle: u64, offset: u64, length: u64, flags: u64) -> SysResult {
    let Some(physical) = shown_at(handle, offset) else { return Ok(0) };
    let mut draft = Draft::operation(Operation::WINDOW_SYNC);
    draft.arguments([physical.0 - WINDOW_PHYSICAL, length, flags, 0, 0, 0]);
    from_register(request::send(draft).result)
}

/// The files of which something is shown in the window.
pub fn shown_handles() -> Vec<u64> {
    FILES.lock().iter().filter(|(_, file)| file.window.is_some()).map(|(handle, _)| *handle).collect()
}

/// Asks Linux for the file's size now.
pub fn refresh_size(handle: u64) -> u64 {
    let mut draft = Draft::operation(Operation::FILE_READ);
    draft.arguments([handle, 0, 0, 0, 0, 0]);
    let reply = request::send(draft);
    if reply.result >= 0
        && let Some(file) = FILES.lock().get_mut(&handle)
    {
        file.size = reply.values[0];
    }
    size(handle)
}

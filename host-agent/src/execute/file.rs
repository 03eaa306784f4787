//! Files that mappings need.
//!
//! The LWK names them by handles, not by descriptors: a mapping lives on when the program closes the file, and must
//! not take a number that the program could see. A handle is a duplicate among the agent's own descriptors.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::fs::{FileType, OFlags, Stat};
use virtio_ikc::message::Operation;

use super::copy::host_run;
use super::{Answer, Executor, Refusal, locks};
use crate::int::int;
use crate::memory::probe_mapping;
use crate::own_descriptors::{OwnDescriptors, OwnFile, borrow};
use crate::request::{Parsed, Violation};

/// In `values[3]` of `FILE_REFERENCE`: the file is /dev/zero, anonymous memory by another name.
const IS_ZERO_DEVICE: u64 = 1;
/// There too: the descriptor was open for reading and writing.
const IS_WRITABLE: u64 = 2;
/// Most handles at a time.
const MOST: usize = 2048;

/// The files that the LWK has handles of.
#[derive(Debug, Default)]
pub(crate) struct Files {
    table: Mutex<Table>,
}

/// What their lock guards.
#[derive(Debug, Default)]
pub(crate) struct Table {
    files: Vec<Option<Arc<OwnFile>>>,
    /// Given back, but kept open because closing would drop the program's locks.
    lingering: Vec<Arc<OwnFile>>,
}

impl From<Table> for Files {
    fn from(table: Table) -> Self {
        Self { table: Mutex::new(table) }
    }
}

impl Files {
    /// Keeps all others from changing the table, and from making descriptors of our own.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves a descriptor to where our own lie.
    ///
    /// # Errors
    /// Those of [`OwnDescriptors::adopt`].
    pub(crate) fn adopt(&self, own: OwnDescriptors, file: OwnedFd) -> io::Result<OwnFile> {
        let _one_at_a_time = self.lock();
        own.adopt(file)
    }

    /// The descriptors of all files.
    pub(crate) fn numbers(&self) -> Vec<u32> {
        let table = self.lock();
        table.files.iter().flatten().chain(&table.lingering).map(|file| file.number()).collect()
    }

    /// Keeps `file`; answers its handle.
    pub(crate) fn add(&self, own: OwnDescriptors, file: impl AsFd) -> Result<i64, Refusal> {
        let mut table = self.lock();
        let free = table.files.iter().position(Option::is_none).unwrap_or(table.files.len());
        if free >= MOST {
            return Err(Refusal::Errno(libc::ENFILE));
        }
        let file = Some(Arc::new(own.duplicate(file)?));
        match table.files.get_mut(free) {
            Some(slot) => *slot = file,
            None => table.files.push(file),
        }
        i64::try_from(free).map_err(|_| Refusal::Errno(libc::ENFILE))
    }

    /// The file of a handle.
    ///
    /// # Errors
    /// A handle that was not given out is a violation.
    pub(crate) fn get(&self, handle: u64, operation: Operation) -> Result<Arc<OwnFile>, Violation> {
        let table = self.lock();
        let file = usize::try_from(handle).ok().and_then(|handle| table.files.get(handle)?.clone());
        file.ok_or(Violation::Malformed(operation.0))
    }

    fn remove(&self, handle: u64) -> Result<(), Violation> {
        let mut table = self.lock();
        let slot = usize::try_from(handle).ok().and_then(|handle| table.files.get_mut(handle));
        let file = slot.and_then(Option::take).ok_or(Violation::Malformed(Operation::FILE_RELEASE.0))?;
        table.lingering.push(file);
        table.lingering.retain(|file| locks::held(file));
        Ok(())
    }
}

/// `FILE_REFERENCE`.
pub(super) fn reference(executor: &mut Executor, request: &Parsed<'_>) -> Result<Answer, Refusal> {
    let [descriptor, protection, flags, ..] = request.arguments;
    let own = executor.proxy.own;
    let file = borrow(descriptor).ok_or(Refusal::Errno(libc::EBADF))?;
    // Linux itself judges whether this file may be mapped so.
    probe_mapping(file, int(protection), int(flags))?;
    let status = rustix::fs::fstat(file)?;
    let is_zero = is_zero_device(&status);
    let kind = FileType::from_raw_mode(status.st_mode);
    if !is_zero && !kind.is_file() && !kind.is_block_device() {
        return Err(Refusal::Errno(libc::ENODEV));
    }
    let handle = executor.proxy.files.add(own, file)?;
    let is_writable = rustix::fs::fcntl_getfl(file)?.contains(OFlags::RDWR);
    let flags = (u64::from(is_zero) * IS_ZERO_DEVICE) | (u64::from(is_writable) * IS_WRITABLE);
    let values = [status.st_size.cast_unsigned(), status.st_dev, status.st_ino, flags];
    Ok(Answer { result: handle, signal: 0, values })
}

/// `FILE_READ`: as pread(2); without a buffer it reads nothing. `values[0]` is the file's size after it.
pub(super) fn read(executor: &mut Executor, request: &Parsed<'_>) -> Result<Answer, Refusal> {
    let [handle, offset, ..] = request.arguments;
    let file = executor.proxy.files.get(handle, Operation::FILE_READ)?;
    let mut read: u64 = 0;
    for segment in request.buffers().iter().flat_map(|buffer| request.segments(buffer)) {
        let run = host_run(executor.proxy.memory, segment)?;
        let at = offset.checked_add(read).ok_or(Refusal::Errno(libc::EINVAL))?;
        let count = match crate::memory::read_file(&file, run, at) {
            Ok(count) => count,
            Err(_) if read > 0 => break,
            Err(error) => return Err(error.into()),
        };
        read += count;
        if count < segment.length {
            break;
        }
    }
    let size = rustix::fs::fstat(&file)?.st_size.cast_unsigned();
    Ok(Answer { result: read.cast_signed(), signal: 0, values: [size, 0, 0, 0] })
}

/// `FILE_RELEASE`.
pub(super) fn release(executor: &mut Executor, request: &Parsed<'_>) -> Result<Answer, Refusal> {
    executor.proxy.files.remove(request.arguments[0])?;
    Ok(Answer::default())
}

/// `FILE_NAME`.
pub(super) fn name(executor: &mut Executor, request: &Parsed<'_>) -> Result<Answer, Refusal> {
    let file = executor.proxy.files.get(request.arguments[0], Operation::FILE_NAME)?;
    let [buffer] = request.buffers() else { return Err(Violation::Malformed(Operation::FILE_NAME.0).into()) };
    let path = rustix::fs::readlink(format!("/proc/self/fd/{}", file.number()), Vec::new())?;
    let path = path.as_bytes();
    executor.copy_out(request, buffer, path)?;
    let status = rustix::fs::fstat(&file)?;
    let length = i64::try_from(path.len()).unwrap_or(i64::MAX);
    Ok(Answer { result: length, signal: 0, values: [status.st_dev, status.st_ino, 0, 0] })
}

fn is_zero_device(status: &Stat) -> bool {
    let zero = rustix::fs::makedev(1, 5);
    FileType::from_raw_mode(status.st_mode).is_char_device() && status.st_rdev == zero
}

//! The checks that the memory calls make before they touch the address space, as Linux makes them and in its order.

use core::ops::Range;

use linux_raw_sys::general as abi;
use lwk_core::protection::Protection;
use virtio_ikc::address::{GuestVirtual, PAGE_SIZE, page_align_up};
use virtio_ikc::layout::PROGRAM_END;
use virtio_ikc::table::Call;

use crate::errno::{Errno, SysResult};
use crate::memory::file;
use crate::memory::map::MapRequest;
use crate::memory::remap::RemapRequest;
use crate::process::thread::Thread;

/// Flags of mmap(2) that `MAP_SHARED_VALIDATE` accepts: those that this kernel knows.
const KNOWN_MAP_FLAGS: u64 = (abi::MAP_SHARED_VALIDATE
    | abi::MAP_PRIVATE
    | abi::MAP_FIXED
    | abi::MAP_ANONYMOUS
    | abi::MAP_GROWSDOWN
    | abi::MAP_DENYWRITE
    | abi::MAP_EXECUTABLE
    | abi::MAP_LOCKED
    | abi::MAP_NORESERVE
    | abi::MAP_POPULATE
    | abi::MAP_NONBLOCK
    | abi::MAP_STACK
    | abi::MAP_HUGETLB
    | abi::MAP_FIXED_NOREPLACE
    | 0x40) as u64;
const LARGE_SHIFT: u64 = 21;

fn is_aligned(address: u64) -> bool {
    GuestVirtual(address).is_aligned(PAGE_SIZE)
}

/// `length` bytes from `start` as whole pages in the program's space; `None` if they are not.
fn pages(start: u64, length: u64) -> Option<Range<u64>> {
    let length = page_align_up(length)?;
    let end = start.checked_add(length)?;
    (end <= PROGRAM_END).then_some(start..end)
}

/// mmap(2).
pub fn map(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [address, length, protection, flags, descriptor, offset] = arguments;
    if !is_aligned(offset) {
        return Err(Errno::EINVAL);
    }
    let anonymous = flags & u64::from(abi::MAP_ANONYMOUS) != 0;
    let file = if anonymous { None } else { Some(file::reference(descriptor, offset, protection, flags)?) };
    let checked = check_map(address, length, protection, flags, offset);
    let mapped = checked.and_then(|mut request| {
        request.file = file;
        thread.process().space.lock().map(request)
    });
    if let (Err(_), Some(file)) = (mapped, file) {
        let files = &mut thread.process().space.lock().files;
        // However far it came.
        files.remember_if_unknown(file.handle, file.size, file.identity);
        files.release(file.handle);
    }
    mapped
}

fn check_map(address: u64, length: u64, protection: u64, flags: u64, offset: u64) -> Result<MapRequest, Errno> {
    if length == 0 {
        return Err(Errno::EINVAL);
    }
    let kind = flags & u64::from(abi::MAP_TYPE);
    let huge = flags & u64::from(abi::MAP_HUGETLB) != 0 && flags & u64::from(abi::MAP_ANONYMOUS) != 0;
    let length = if huge { length.checked_next_multiple_of(1 << LARGE_SHIFT) } else { page_align_up(length) };
    let length = length.filter(|length| *length != 0).ok_or(Errno::ENOMEM)?;
    if (offset / PAGE_SIZE).checked_add(length / PAGE_SIZE).is_none() || offset.checked_add(length).is_none() {
        return Err(Errno::EOVERFLOW);
    }
    let fixed = flags & u64::from(abi::MAP_FIXED | abi::MAP_FIXED_NOREPLACE) != 0;
    if fixed && !is_aligned(address) {
        return Err(Errno::EINVAL);
    }
    match kind {
        kind if kind == u64::from(abi::MAP_SHARED) || kind == u64::from(abi::MAP_PRIVATE) => {}
        kind if kind == u64::from(abi::MAP_SHARED_VALIDATE) => {
            let shared_anonymous = flags & u64::from(abi::MAP_ANONYMOUS) != 0;
            if shared_anonymous {
                return Err(Errno::EINVAL);
            }
            if flags & !KNOWN_MAP_FLAGS != 0 {
                return Err(Errno::EOPNOTSUPP);
            }
        }
        _ => return Err(Errno::EINVAL),
    }
    let flags = u32::try_from(flags & 0xffff_ffff).unwrap_or(0);
    Ok(MapRequest {
        address,
        length,
        protection: Protection::from_bits_truncate(low_word(protection)),
        flags,
        file: None,
    })
}

#[expect(clippy::cast_possible_truncation, reason = "Linux takes the low 32 bits too")]
fn low_word(value: u64) -> u32 {
    value as u32
}

/// munmap(2).
pub fn unmap(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [start, length, ..] = arguments;
    if !is_aligned(start) || length == 0 {
        return Err(Errno::EINVAL);
    }
    let range = pages(start, length).filter(|range| !range.is_empty()).ok_or(Errno::EINVAL)?;
    thread.process().space.lock().unmap(&range)
}

/// mprotect(2).
pub fn protect(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [start, length, protection, ..] = arguments;
    let grows = u64::from(abi::PROT_GROWSDOWN | abi::PROT_GROWSUP);
    if protection & grows == grows || !is_aligned(start) {
        return Err(Errno::EINVAL);
    }
    if length == 0 {
        return Ok(0);
    }
    let known = u64::from(Protection::all().bits() | abi::PROT_SEM) | grows;
    let range = page_align_up(length).and_then(|length| start.checked_add(length)).map(|end| start..end);
    let range = range.filter(|range| !range.is_empty()).ok_or(Errno::ENOMEM)?;
    if protection & !known != 0 {
        return Err(Errno::EINVAL);
    }
    let mut space = thread.process().space.lock();
    let mut range = range;
    if protection & u64::from(abi::PROT_GROWSDOWN) != 0 {
        range.start = space.growing_start(start)?;
    } else if protection & u64::from(abi::PROT_GROWSUP) != 0 {
        return Err(Errno::EINVAL);
    }
    space.protect(&range, Protection::from_bits_truncate(low_word(protection)))
}

/// `pkey_mprotect(2)`: there are no keys but the default one.
pub fn protect_with_key(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    if low_word(arguments[3]) != u32::MAX {
        return Err(Errno::EINVAL);
    }
    protect(thread, arguments)
}

/// mremap(2).
pub fn remap(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [old_address, old_length, new_length, flags, new_address, _] = arguments;
    let flags = low_word(flags);
    let (may_move, fixed, keep) =
        (flags & abi::MREMAP_MAYMOVE != 0, flags & abi::MREMAP_FIXED != 0, flags & abi::MREMAP_DONTUNMAP != 0);
    if flags & !(abi::MREMAP_MAYMOVE | abi::MREMAP_FIXED | abi::MREMAP_DONTUNMAP) != 0
        || (fixed || keep) && !may_move
        || keep && old_length != new_length
        || !is_aligned(old_address)
    {
        return Err(Errno::EINVAL);
    }
    let old_length = page_align_up(old_length).ok_or(Errno::EINVAL)?;
    let new_length = page_align_up(new_length).filter(|length| *length != 0).ok_or(Errno::EINVAL)?;
    if old_address.checked_add(old_length).is_none_or(|end| end > PROGRAM_END) {
        return Err(Errno::EFAULT);
    }
    if new_length > PROGRAM_END {
        return Err(if fixed { Errno::EINVAL } else { Errno::ENOMEM });
    }
    let request = RemapRequest { old_address, old_length, new_length, flags, new_address };
    thread.process().space.lock().remap(request)
}

/// remap_file_pages(2): as mm/mmap.c emulates it since Linux 4.0.
pub fn remap_file(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [start, length, protection, page, flags, _] = arguments;
    let (start, length) = (start & !(PAGE_SIZE - 1), length & !(PAGE_SIZE - 1));
    let range = start..start.wrapping_add(length);
    if protection != 0 || range.is_empty() || page.checked_add(length / PAGE_SIZE).is_none() {
        return Err(Errno::EINVAL);
    }
    let populates = flags & u64::from(abi::MAP_NONBLOCK) == 0;
    thread.process().space.lock().remap_file(&range, page, populates)
}

/// madvise(2).
pub fn advise(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [start, length, advice, ..] = arguments;
    let advice = low_word(advice);
    if !is_known_advice(advice) || !is_aligned(start) {
        return Err(Errno::EINVAL);
    }
    let aligned = page_align_up(length).ok_or(Errno::EINVAL)?;
    let end = start.checked_add(aligned).ok_or(Errno::EINVAL)?;
    if aligned == 0 {
        return Ok(0);
    }
    if matches!(advice, abi::MADV_HWPOISON | abi::MADV_SOFT_OFFLINE) {
        return Err(Errno::EPERM);
    }
    thread.process().space.lock().advise(&(start..end), advice)
}

fn is_known_advice(advice: u32) -> bool {
    matches!(
        advice,
        abi::MADV_NORMAL..=abi::MADV_DONTNEED
            | abi::MADV_FREE..=abi::MADV_POPULATE_WRITE
            | abi::MADV_DONTNEED_LOCKED
            | abi::MADV_COLLAPSE
            | abi::MADV_HWPOISON
            | abi::MADV_SOFT_OFFLINE
    )
}

/// mincore(2).
pub fn residency(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [start, length, vector, ..] = arguments;
    if !is_aligned(start) {
        return Err(Errno::EINVAL);
    }
    let range = pages(start, length).ok_or(Errno::ENOMEM)?;
    let mut space = thread.process().space.lock();
    let count = (range.end - range.start) / PAGE_SIZE;
    if vector.checked_add(count).is_none_or(|end| end > PROGRAM_END) {
        return Err(Errno::EFAULT);
    }
    let resident = space.residency(&range)?;
    space.copy_out(vector, &resident)?;
    Ok(0)
}

/// mlock(2) and mlock2(2).
pub fn lock(thread: &Thread, call: &Call, arguments: [u64; 6]) -> SysResult {
    let [start, length, flags, ..] = arguments;
    let extended = u32::from(call.number) == abi::__NR_mlock2;
    let on_fault = extended && flags & u64::from(abi::MLOCK_ONFAULT) != 0;
    if extended && flags & !u64::from(abi::MLOCK_ONFAULT) != 0 {
        return Err(Errno::EINVAL);
    }
    change_lock(thread, start, length, true, on_fault)
}

/// munlock(2).
pub fn unlock(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    change_lock(thread, arguments[0], arguments[1], false, true)
}

fn change_lock(thread: &Thread, start: u64, length: u64, locked: bool, on_fault: bool) -> SysResult {
    let offset = start & (PAGE_SIZE - 1);
    let aligned = length.checked_add(offset).and_then(page_align_up).ok_or(Errno::EINVAL)?;
    let end = (start - offset).checked_add(aligned).ok_or(Errno::EINVAL)?;
    if aligned == 0 {
        return Ok(0);
    }
    thread.process().space.lock().lock(&(start - offset..end), locked, on_fault)
}

/// mlockall(2).
pub fn lock_all(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let flags = low_word(arguments[0]);
    let known = abi::MCL_CURRENT | abi::MCL_FUTURE | abi::MCL_ONFAULT;
    if flags == 0 || flags & !known != 0 || flags == abi::MCL_ONFAULT {
        return Err(Errno::EINVAL);
    }
    thread.process().space.lock().lock_all(flags & abi::MCL_CURRENT != 0, flags & abi::MCL_FUTURE != 0);
    Ok(0)
}

/// munlockall(2).
pub fn unlock_all(thread: &Thread) -> SysResult {
    thread.process().space.lock().lock_all(false, false);
    Ok(0)
}

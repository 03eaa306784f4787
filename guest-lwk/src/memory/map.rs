//! mmap(2) and brk(2).

use core::ops::Range;

use linux_raw_sys::general as abi;
use lwk_core::protection::Protection;
use lwk_core::vma::{Backing, Vma, VmaFlags};
use virtio_ikc::address::{GuestVirtual, PAGE_SIZE, page_align_up};
use virtio_ikc::layout::{PROGRAM_END, PROGRAM_START};

use super::file::MappedFile;
use super::object::SharedObject;
use super::space::AddressSpace;
use crate::errno::{Errno, SysResult};

/// MAP_32BIT: below 2 GiB (mmap(2)).
const MAP_32BIT: u32 = 0x40;

/// What mmap(2) was asked for, checked as far as it can be without the address space.
#[derive(Clone, Copy, Debug)]
pub struct MapRequest {
    /// The wished address.
    pub address: u64,
    /// Bytes, whole pages.
    pub length: u64,
    /// Access.
    pub protection: Protection,
    /// MAP_* flags.
    pub flags: u32,
    /// The file, or `None` for anonymous memory.
    pub file: Option<MappedFile>,
}

impl AddressSpace {
    /// Serves mmap(2).
    pub fn map(&mut self, request: MapRequest) -> SysResult {
        let start = self.choose_place(&request)?;
        let range = start..start + request.length;
        self.within_limits(request.length)?;
        let mut area = Vma {
            start: range.start,
            end: range.end,
            protection: request.protection,
            maximum_protection: maximum_protection(&request),
            flags: area_flags(request.flags),
            backing: backing(&request),
        };
        self.within_data_limit(area.protection, area.flags, request.length)?;
        if !self.areas.is_free(&range) {
            self.remove_areas(&range)?;
        }
        if let Some(mapped) = request.file {
            self.files.remember(mapped.handle, mapped.size, mapped.identity);
        }
        if let Some(mapped) = request.file
            && area.flags.contains(VmaFlags::SHARED)
            && !mapped.is_zero_device
        {
            let writable = self.files.open_window(mapped, request.length, request.protection)?;
            if !writable {
                area.maximum_protection.remove(Protection::WRITE);
            }
        }
        area.flags.set(VmaFlags::GROWS_DOWN, request.flags & abi::MAP_GROWSDOWN != 0);
        if area.flags.contains(VmaFlags::SHARED) && area.backing == Backing::Anonymous {
            area.backing = self.share(SharedObject::new(request.length, !area.flags.contains(VmaFlags::NO_RESERVE))?);
        }
        self.add_area(area)?;
        let eager = request.flags & (abi::MAP_POPULATE | abi::MAP_LOCKED) != 0 || self.lock_future;
        self.populate_new(&range, eager);
        Ok(start)
    }

    /// Where the mapping goes, as the flags and the wish say.
    fn choose_place(&self, request: &MapRequest) -> SysResult {
        let (address, length) = (request.address, request.length);
        if length > PROGRAM_END {
            return Err(Errno::ENOMEM);
        }
        let fixed = request.flags & (abi::MAP_FIXED | abi::MAP_FIXED_NOREPLACE) != 0;
        if !fixed {
            return if request.flags & MAP_32BIT != 0 {
                self.find_low_place(length)
            } else {
                self.place_near(address, length)
            };
        }
        if !GuestVirtual(address).is_aligned(PAGE_SIZE) {
            return Err(Errno::EINVAL);
        }
        if address > PROGRAM_END - length {
            return Err(Errno::ENOMEM);
        }
        let replaces =
            request.flags & abi::MAP_FIXED_NOREPLACE != 0 && !self.areas.is_free(&(address..address + length));
        if replaces { Err(Errno::EEXIST) } else { Ok(address) }
    }

    fn place_near(&self, wish: u64, length: u64) -> SysResult {
        let wish = GuestVirtual(wish).align_down(PAGE_SIZE).0.max(PROGRAM_START);
        let fits = wish != PROGRAM_START && wish <= PROGRAM_END - length && self.areas.is_free(&(wish..wish + length));
        if fits { Ok(wish) } else { self.find_place(length) }
    }

    /// Serves brk(2): answers the break, moved or not.
    pub fn set_break(&mut self, wanted: u64) -> u64 {
        let heap = self.heap;
        if wanted < heap.start || wanted > PROGRAM_END {
            return heap.end;
        }
        let (Some(old), Some(new)) = (page_align_up(heap.end), page_align_up(wanted)) else { return heap.end };
        let moved = if new < old { self.remove_areas(&(new..old)) } else { self.grow_heap(old..new) };
        if moved.is_ok() {
            self.heap.end = wanted;
        }
        self.heap.end
    }

    fn grow_heap(&mut self, range: Range<u64>) -> Result<(), Errno> {
        if range.is_empty() {
            return Ok(());
        }
        if range.end - self.heap.start > self.limits.data || !self.areas.is_free(&range) {
            return Err(Errno::ENOMEM);
        }
        self.within_limits(range.end - range.start)?;
        self.add_area(Vma {
            start: range.start,
            end: range.end,
            protection: Protection::READ | Protection::WRITE,
            maximum_protection: Protection::all(),
            flags: VmaFlags::HEAP,
            backing: Backing::Anonymous,
        })?;
        self.populate_new(&range, false);
        Ok(())
    }
}

fn area_flags(flags: u32) -> VmaFlags {
    let mut area = VmaFlags::empty();
    area.set(VmaFlags::SHARED, flags & abi::MAP_TYPE != abi::MAP_PRIVATE);
    area.set(VmaFlags::NO_RESERVE, flags & abi::MAP_NORESERVE != 0);
    area.set(VmaFlags::LOCKED, flags & abi::MAP_LOCKED != 0);
    area.set(VmaFlags::STACK, flags & abi::MAP_STACK != 0);
    area
}

fn backing(request: &MapRequest) -> Backing {
    match request.file {
        Some(file) if !file.is_zero_device => Backing::File { handle: file.handle, offset: file.offset },
        _ => Backing::Anonymous,
    }
}

/// A shared mapping of a file that is not open for writing can never become writable.
fn maximum_protection(request: &MapRequest) -> Protection {
    let shared = request.flags & abi::MAP_TYPE != abi::MAP_PRIVATE;
    match request.file {
        Some(file) if shared && !file.is_writable => Protection::READ | Protection::EXECUTE,
        _ => Protection::all(),
    }
}

//! The direct map: the only place where a guest-physical address becomes memory.
//!
//! Nothing here hands out references to a program's pages: they may change at any time (another thread, Linux, a device), so
//! bytes are copied in and out.
#![allow(unsafe_code)]

use core::ops::Range;
use core::sync::atomic::{AtomicU16, AtomicU32, AtomicU64, Ordering};

use virtio_ikc::address::GuestPhysical;
use virtio_ikc::layout::{DIRECT_MAP, DIRECT_MAP_BYTES, WINDOW, WINDOW_BYTES, WINDOW_PHYSICAL};

use super::boot;

/// Entries of a page table that share a line of the cache.
const LINE_ENTRIES: usize = 8;

fn pointer(address: GuestPhysical, length: u64) -> *mut u8 {
    if is_window(address, length) {
        return (WINDOW + (address.0 - WINDOW_PHYSICAL)) as *mut u8;
    }
    assert!(is_memory(address, length), "not memory of the partition: {address:?} + {length:#x}");
    (DIRECT_MAP + address.0) as *mut u8
}

/// Whether `length` bytes at `address` lie in the window of shared mappings.
pub fn is_window(address: GuestPhysical, length: u64) -> bool {
    let window = WINDOW_PHYSICAL..WINDOW_PHYSICAL + WINDOW_BYTES;
    window.contains(&address.0) && length <= window.end - address.0
}

/// Whether `length` bytes at `address` are the partition's own memory.
pub fn is_memory(address: GuestPhysical, length: u64) -> bool {
    let Some(span) = address.span(length) else { return false };
    let page = boot::page();
    span.end <= DIRECT_MAP_BYTES
        && page.regions[..page.region_count as usize]
            .iter()
            .any(|region| span.start >= region.start.0 && span.end <= region.start.0 + region.length)
}

/// The address at which the LWK sees `address`.
pub fn address_of(address: GuestPhysical) -> u64 {
    DIRECT_MAP + address.0
}

/// The guest-physical address of something the LWK has in the direct map (its heap, its stacks).
pub fn physical_of<T: ?Sized>(thing: &T) -> GuestPhysical {
    let address = core::ptr::from_ref(thing).cast::<u8>() as u64;
    assert!((DIRECT_MAP..DIRECT_MAP + DIRECT_MAP_BYTES).contains(&address), "not in the direct map: {address:#x}");
    GuestPhysical(address - DIRECT_MAP)
}

/// Copies memory into `to`.
pub fn read(from: GuestPhysical, to: &mut [u8]) {
    let from = pointer(from, to.len() as u64);
    // SAFETY: `pointer` checked the range; `to` is the LWK's own memory, so the two do not overlap.
    unsafe { core::ptr::copy_nonoverlapping(from, to.as_mut_ptr(), to.len()) }
}

/// Copies `from` into memory.
pub fn write(to: GuestPhysical, from: &[u8]) {
    let to = pointer(to, from.len() as u64);
    // SAFETY: as for `read`.
    unsafe { core::ptr::copy_nonoverlapping(from.as_ptr(), to, from.len()) }
}

/// Copies `length` bytes from one place in memory to another; the two do not overlap.
pub fn copy(from: GuestPhysical, to: GuestPhysical, length: u64) {
    let (from, to) = (pointer(from, length), pointer(to, length));
    // SAFETY: `pointer` checked the ranges.
    unsafe { core::ptr::copy_nonoverlapping(from, to, usize::try_from(length).unwrap_or(0)) }
}

/// Fills memory with zeros.
pub fn zero(address: GuestPhysical, length: u64) {
    let target = pointer(address, length);
    // SAFETY: `pointer` checked the range.
    unsafe { core::ptr::write_bytes(target, 0, usize::try_from(length).unwrap_or(0)) }
}

/// Whether memory holds nothing but zeros.
pub fn is_zero(address: GuestPhysical, length: u64) -> bool {
    (0..length).step_by(8).all(|offset| atomic_u64(GuestPhysical(address.0 + offset)).load(Ordering::Relaxed) == 0)
}

/// A 16-bit word of shared memory.
pub fn atomic_u16(address: GuestPhysical) -> &'static AtomicU16 {
    // SAFETY: checked, and aligned by the assertion; the direct map lasts for ever.
    unsafe { &*aligned(address, 2).cast() }
}

/// A 32-bit word of shared memory.
pub fn atomic_u32(address: GuestPhysical) -> &'static AtomicU32 {
    // SAFETY: as for `atomic_u16`.
    unsafe { &*aligned(address, 4).cast() }
}

/// A 64-bit word of shared memory.
pub fn atomic_u64(address: GuestPhysical) -> &'static AtomicU64 {
    // SAFETY: as for `atomic_u16`.
    unsafe { &*aligned(address, 8).cast() }
}

fn aligned(address: GuestPhysical, size: u64) -> *mut u8 {
    assert!(address.is_aligned(size));
    pointer(address, size)
}

/// An entry of a page table. A table walk looks at four, so they are not looked for among the memory regions.
fn entry(table: GuestPhysical, index: usize) -> &'static AtomicU64 {
    assert!(index < 512 && table.is_aligned(4096) && table.0 < DIRECT_MAP_BYTES);
    // SAFETY: the address is aligned and lies in the direct map, which lasts for ever; where that shows no memory, the access faults.
    unsafe { &*((DIRECT_MAP + table.0 + index as u64 * 8) as *const AtomicU64) }
}

/// A 64-bit word of a page that stands in a page table and is not one of the window: such pages are not looked for among the memory
/// regions either.
pub fn mapped_word(address: GuestPhysical) -> &'static AtomicU64 {
    assert!(address.is_aligned(8) && address.0 < DIRECT_MAP_BYTES);
    // SAFETY: as for `entry`.
    unsafe { &*((DIRECT_MAP + address.0) as *const AtomicU64) }
}

/// The first of the entries `range` of a page table that is not zero. The tables of a large reservation are nearly empty, so it looks at a
/// line of the cache at a time.
pub fn first_entry(table: GuestPhysical, range: Range<usize>) -> Option<usize> {
    let word = |index: usize| entry(table, index).load(Ordering::Relaxed);
    let mut index = range.start;
    while index < range.end {
        let line_end = (index / LINE_ENTRIES + 1) * LINE_ENTRIES;
        if index + LINE_ENTRIES == line_end && (index..line_end).fold(0, |all, index| all | word(index)) == 0 {
            index = line_end;
            continue;
        }
        if let Some(found) = (index..line_end.min(range.end)).find(|index| word(*index) != 0) {
            return Some(found);
        }
        index = line_end;
    }
    None
}

/// Reads an entry of a page table.
pub fn read_entry(table: GuestPhysical, index: usize) -> u64 {
    entry(table, index).load(Ordering::Relaxed)
}

/// Writes an entry of a page table.
pub fn write_entry(table: GuestPhysical, index: usize, value: u64) {
    entry(table, index).store(value, Ordering::Release);
}

/// Copies plain data out of memory.
pub fn read_plain<T: Plain>(from: GuestPhysical) -> T {
    let from = pointer(from, size_of::<T>() as u64);
    // SAFETY: checked range; `Plain` types are valid for any bytes.
    unsafe { from.cast::<T>().read_unaligned() }
}

/// The bytes of plain data.
pub fn bytes_of<T: Plain>(value: &T) -> &[u8] {
    // SAFETY: `Plain` types have no padding that matters and no pointers that own anything.
    unsafe { core::slice::from_raw_parts(core::ptr::from_ref(value).cast(), size_of::<T>()) }
}

/// The bytes of plain data, to be filled.
pub fn bytes_of_mut<T: Plain>(value: &mut T) -> &mut [u8] {
    // SAFETY: `Plain` types are valid for any bytes.
    unsafe { core::slice::from_raw_parts_mut(core::ptr::from_mut(value).cast(), size_of::<T>()) }
}

/// Data for which every pattern of bytes is a value.
///
/// # Safety
/// The type has no padding, no references and no values that are forbidden.
pub unsafe trait Plain: Copy + 'static {}

macro_rules! plain {
    ($($kind:ty),* $(,)?) => { $(
        // SAFETY: integers, arrays of them, or structures of them without padding.
        unsafe impl Plain for $kind {}
    )* };
}
plain!(u8, u16, u32, u64, i32, i64, [u64; 2], [u64; 3], [u64; 4], [u64; 11], [u32; 4], [u8; 16], [u8; 128]);
plain!(
    virtio_ikc::message::RequestHeader,
    virtio_ikc::message::BufferDescriptor,
    virtio_ikc::message::Reply,
    virtio_ikc::message::Event,
    virtio_ikc::message::Segment,
    virtio_ikc::message::TraceRecord,
    virtio_ikc::boot::TimePage,
);

/// Storage for `words` 64-bit words at `address` that lives as long as the LWK.
pub fn words(address: GuestPhysical, words: usize) -> &'static mut [u64] {
    let start = pointer(address, words as u64 * 8);
    // SAFETY: the caller (the frame allocator, once, at boot) owns the memory from now on.
    unsafe { core::slice::from_raw_parts_mut(start.cast(), words) }
}

/// Writes the registers that a thread starts with.
pub fn write_context(to: GuestPhysical, context: &super::context::Context) {
    let to = pointer(to, size_of::<super::context::Context>() as u64);
    // SAFETY: checked range, on a stack whose thread does not run yet.
    unsafe { to.cast::<super::context::Context>().write_unaligned(*context) }
}

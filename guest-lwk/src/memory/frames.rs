//! The partition's frames: one buddy allocator for all of them.
//!
//! Frames that were never handed out are still zero, because the host gives fresh pages; the allocator knows which those are, so a
//! program's first pages are not zeroed twice.

use alloc::collections::BTreeMap;

use lwk_core::frames::FrameAllocator;
use spin::Mutex;
use virtio_ikc::address::{GuestPhysical, PAGE_SIZE};
use virtio_ikc::boot::BootPage;

use crate::arch::direct_map;

static FRAMES: Mutex<Option<FrameAllocator<'static>>> = Mutex::new(None);

/// Takes over the memory that the boot page describes.
pub fn initialise(page: &BootPage) {
    let regions = &page.regions[..page.region_count as usize];
    let end = regions.iter().map(|region| region.start.0 + region.length).max().unwrap_or(0);
    let frames = end / PAGE_SIZE;
    let words = FrameAllocator::storage_words(frames);
    let storage = page.free_start.align_up(PAGE_SIZE).unwrap_or(page.free_start);
    let storage_end = GuestPhysical(storage.0 + words as u64 * 8).align_up(PAGE_SIZE).unwrap_or(storage);
    let mut allocator =
        FrameAllocator::new(direct_map::words(storage, words), 0, frames).expect("the storage was sized for it");
    for region in regions {
        let start = region.start.0.max(if region.start.0 == 0 { storage_end.0 } else { 0 });
        let range = start / PAGE_SIZE..(region.start.0 + region.length) / PAGE_SIZE;
        allocator.add_free(range).expect("the regions of the boot page do not overlap");
    }
    *FRAMES.lock() = Some(allocator);
}

fn with<R>(action: impl FnOnce(&mut FrameAllocator<'static>) -> R) -> R {
    action(FRAMES.lock().as_mut().expect("frames are initialised first"))
}

/// `2^order` frames of zeros, or `None` when there are none.
pub fn allocate_zeroed(order: u8) -> Option<GuestPhysical> {
    let block = with(|frames| frames.allocate(order))?;
    let address = GuestPhysical(block.frame * PAGE_SIZE);
    if !block.clean {
        direct_map::zero(address, PAGE_SIZE << order);
    }
    Some(address)
}

/// `frames` contiguous frames of zeros, or `None` when there are none.
pub fn allocate_run_zeroed(count: u64) -> Option<GuestPhysical> {
    let run = with(|frames| frames.allocate_run(count))?;
    let address = GuestPhysical(run.frame * PAGE_SIZE);
    if !run.clean {
        direct_map::zero(address, count * PAGE_SIZE);
    }
    Some(address)
}

/// Memory for the LWK itself: `bytes` (a power of two, at least a page), aligned to their number, with anything in them.
pub fn allocate_for_lwk(bytes: u64) -> Option<GuestPhysical> {
    let order = u8::try_from((bytes / PAGE_SIZE).max(1).ilog2()).ok()?;
    let block = with(|frames| frames.allocate(order))?;
    Some(GuestPhysical(block.frame * PAGE_SIZE))
}

/// How many owners beyond the first a frame has, for those that have any.
static SHARED: Mutex<BTreeMap<u64, u32>> = Mutex::new(BTreeMap::new());

/// Gives `count` frames at `address` another owner: each is free when all of them have given it back.
pub fn share_run(address: GuestPhysical, count: u64) {
    let mut shared = SHARED.lock();
    let first = address.0 / PAGE_SIZE;
    for frame in first..first + count {
        *shared.entry(frame).or_insert(0) += 1;
    }
}

/// Gives `count` frames at `address` back.
pub fn free_run(address: GuestPhysical, count: u64) {
    let mut shared = SHARED.lock();
    if shared.is_empty() {
        return free_owned(address, count);
    }
    for number in 0..count {
        let frame = GuestPhysical(address.0 + number * PAGE_SIZE);
        match shared.get_mut(&(frame.0 / PAGE_SIZE)) {
            None => free_owned(frame, 1),
            Some(1) => drop(shared.remove(&(frame.0 / PAGE_SIZE))),
            Some(others) => *others -= 1,
        }
    }
}

fn free_owned(address: GuestPhysical, count: u64) {
    with(|frames| frames.free_run(address.0 / PAGE_SIZE, count)).expect("frames are given back once");
}

/// Bytes that are managed, in use, and the most that were in use.
pub fn usage() -> (u64, u64, u64) {
    let counts = with(|frames| frames.counts());
    (counts.total * PAGE_SIZE, counts.used * PAGE_SIZE, counts.peak * PAGE_SIZE)
}

/// Bytes that are free.
pub fn free_bytes() -> u64 {
    with(|frames| frames.counts()).free * PAGE_SIZE
}

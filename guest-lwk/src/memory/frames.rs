//! The partition's frames: one buddy allocator for all of them.
//!
//! Frames that were never handed out are still zero, because the host gives fresh pages; the allocator knows which those are, so a
//! program's first pages are not zeroed twice.

use core::ops::Range;
use core::sync::atomic::{AtomicU16, AtomicU64, Ordering};

use lwk_core::frames::{FrameAllocator, FreeError};
use spin::Mutex;
use virtio_ikc::address::{GuestPhysical, LARGE_PAGE_SIZE, PAGE_SIZE};
use virtio_ikc::boot::BootPage;
use virtio_ikc::zeroing::Taken;

use super::zeroing::{self, ZeroingList};
use crate::arch::direct_map;
use crate::statistics;

/// All frames: those of the allocator, and large pages that it has handed out to be zeroed ahead.
struct Frames {
    allocator: FrameAllocator<'static>,
    zeroing: ZeroingList,
}

static FRAMES: Mutex<Option<Frames>> = Mutex::new(None);

/// The order of a large page, and its frames.
const LARGE_ORDER: u8 = 9;
const LARGE_FRAMES: u64 = LARGE_PAGE_SIZE / PAGE_SIZE;
const _: () = assert!(LARGE_FRAMES == 1 << LARGE_ORDER);

/// Takes over the memory that the boot page describes.
pub fn initialise(page: &BootPage) {
    let regions = &page.regions[..page.region_count as usize];
    let end = regions.iter().map(|region| region.start.0 + region.length).max().unwrap_or(0);
    let frames = end / PAGE_SIZE;
    let words = FrameAllocator::storage_words(frames);
    let storage = page.free_start.align_up(PAGE_SIZE).unwrap_or(page.free_start);
    let owners = GuestPhysical(storage.0 + words as u64 * 8).align_up(PAGE_SIZE).unwrap_or(storage);
    OWNERS.store(owners.0, Ordering::Relaxed);
    let storage_end = GuestPhysical(owners.0 + frames * 2).align_up(PAGE_SIZE).unwrap_or(owners);
    let mut allocator =
        FrameAllocator::new(direct_map::words(storage, words), 0, frames).expect("the storage was sized for it");
    for region in regions {
        let start = region.start.0.max(if region.start.0 == 0 { storage_end.0 } else { 0 });
        let range = start / PAGE_SIZE..(region.start.0 + region.length) / PAGE_SIZE;
        allocator.add_free(range).expect("the regions of the boot page do not overlap");
    }
    *FRAMES.lock() = Some(Frames { allocator, zeroing: ZeroingList::new() });
}

impl Frames {
    /// A large page from the zeroing list.
    fn take_large(&mut self) -> Option<Taken> {
        let taken = self.zeroing.take()?;
        self.allocator.take_aside(LARGE_FRAMES);
        Some(taken)
    }

    /// Takes a page that waits to be zeroed back into the allocator; whether there was one.
    fn take_back(&mut self) -> bool {
        let Some(page) = self.zeroing.take_back() else { return false };
        self.allocator.take_aside(LARGE_FRAMES);
        self.allocator.free_run(page.0 / PAGE_SIZE, LARGE_FRAMES).is_ok()
    }

    /// Gives frames back: the large pages among them to the zeroing list, as far as it has room, the rest to the allocator.
    fn free(&mut self, mut range: Range<u64>) -> Result<(), FreeError> {
        let large = range.start.next_multiple_of(LARGE_FRAMES);
        if large + LARGE_FRAMES > range.end || !self.allocator.is_used(&range) {
            return self.allocator.free_run(range.start, range.end - range.start);
        }
        if large > range.start {
            self.allocator.free_run(range.start, large - range.start)?;
        }
        range.start = large;
        while range.start + LARGE_FRAMES <= range.end && self.zeroing.put(GuestPhysical(range.start * PAGE_SIZE)) {
            self.allocator.set_aside(LARGE_FRAMES);
            range.start += LARGE_FRAMES;
        }
        if range.is_empty() {
            return Ok(());
        }
        self.allocator.free_run(range.start, range.end - range.start)
    }
}

fn with_all<R>(action: impl FnOnce(&mut Frames) -> R) -> R {
    action(FRAMES.lock().as_mut().expect("frames are initialised first"))
}

fn with<R>(action: impl FnOnce(&mut FrameAllocator<'static>) -> R) -> R {
    with_all(|frames| action(&mut frames.allocator))
}

/// What `allocate` gives; where that is nothing, what waits to be zeroed is taken back first.
fn obtain<R>(allocate: impl Fn(&mut FrameAllocator<'static>) -> Option<R>) -> Option<R> {
    with_all(|frames| {
        loop {
            let obtained = allocate(&mut frames.allocator);
            if obtained.is_some() || !frames.take_back() {
                return obtained;
            }
        }
    })
}

/// Looks at the zeroing list, unless somebody else is at the frames.
pub(super) fn try_with_list<R>(action: impl FnOnce(&ZeroingList) -> R) -> Option<R> {
    FRAMES.try_lock()?.as_ref().map(|frames| action(&frames.zeroing))
}

/// A large page of zeros, or `None` when there is none.
pub fn allocate_large_zeroed() -> Option<GuestPhysical> {
    let Some(taken) = with_all(Frames::take_large) else { return allocate_zeroed(LARGE_ORDER) };
    if taken.zeroed {
        statistics::zeroed_ahead();
    } else {
        direct_map::zero(taken.page, LARGE_PAGE_SIZE);
    }
    Some(taken.page)
}

/// `2^order` frames of zeros, or `None` when there are none.
pub fn allocate_zeroed(order: u8) -> Option<GuestPhysical> {
    let block = obtain(|frames| frames.allocate(order))?;
    let address = GuestPhysical(block.frame * PAGE_SIZE);
    if !block.clean {
        direct_map::zero(address, PAGE_SIZE << order);
    }
    Some(address)
}

/// `frames` contiguous frames of zeros, or `None` when there are none.
pub fn allocate_run_zeroed(count: u64) -> Option<GuestPhysical> {
    let run = obtain(|frames| frames.allocate_run(count))?;
    let address = GuestPhysical(run.frame * PAGE_SIZE);
    if !run.clean {
        direct_map::zero(address, count * PAGE_SIZE);
    }
    Some(address)
}

/// `count` contiguous frames with anything in them, aligned to their number where that is a power of two.
pub fn allocate_run(count: u64) -> Option<GuestPhysical> {
    let block = obtain(|frames| {
        if count.is_power_of_two() {
            frames.allocate(u8::try_from(count.ilog2()).unwrap_or(u8::MAX)).map(|block| block.frame)
        } else {
            frames.allocate_run(count).map(|run| run.frame)
        }
    })?;
    Some(GuestPhysical(block * PAGE_SIZE))
}

/// Memory for the LWK itself: `bytes` (a power of two, at least a page), aligned to their number, with anything in them.
pub fn allocate_for_lwk(bytes: u64) -> Option<GuestPhysical> {
    let order = u8::try_from((bytes / PAGE_SIZE).max(1).ilog2()).ok()?;
    let block = obtain(|frames| frames.allocate(order))?;
    Some(GuestPhysical(block.frame * PAGE_SIZE))
}

/// Where the number of owners beyond the first stands for each frame, 16 bits each.
static OWNERS: AtomicU64 = AtomicU64::new(0);
/// The sum of all those numbers.
static SHARED: AtomicU64 = AtomicU64::new(0);

fn other_owners(address: GuestPhysical) -> &'static AtomicU16 {
    direct_map::atomic_u16(GuestPhysical(OWNERS.load(Ordering::Relaxed) + address.0 / PAGE_SIZE * 2))
}

/// Gives `count` frames at `address` another owner: each is free when all of them have given it back.
pub fn share_run(address: GuestPhysical, count: u64) {
    for number in 0..count {
        other_owners(GuestPhysical(address.0 + number * PAGE_SIZE)).fetch_add(1, Ordering::SeqCst);
    }
    SHARED.fetch_add(count, Ordering::SeqCst);
}

/// Whether one of `count` frames at `address` has another owner. Only an owner can share it again.
pub fn is_shared(address: GuestPhysical, count: u64) -> bool {
    let shared = |number| other_owners(GuestPhysical(address.0 + number * PAGE_SIZE)).load(Ordering::SeqCst) != 0;
    SHARED.load(Ordering::SeqCst) != 0 && (0..count).any(shared)
}

/// Gives `count` frames at `address` back.
pub fn free_run(address: GuestPhysical, count: u64) {
    if SHARED.load(Ordering::SeqCst) == 0 {
        return free_owned(address, count);
    }
    let mut first = 0;
    for number in 0..count {
        if leave_to_others(GuestPhysical(address.0 + number * PAGE_SIZE)) {
            free_part(address, first..number);
            first = number + 1;
        }
    }
    free_part(address, first..count);
}

/// Whether the frame has another owner, who is one fewer now.
fn leave_to_others(frame: GuestPhysical) -> bool {
    let fewer = |owners: u16| owners.checked_sub(1);
    let left = other_owners(frame).fetch_update(Ordering::SeqCst, Ordering::SeqCst, fewer).is_ok();
    if left {
        SHARED.fetch_sub(1, Ordering::SeqCst);
    }
    left
}

fn free_part(address: GuestPhysical, part: Range<u64>) {
    if !part.is_empty() {
        free_owned(GuestPhysical(address.0 + part.start * PAGE_SIZE), part.end - part.start);
    }
}

fn free_owned(address: GuestPhysical, count: u64) {
    let rings = with_all(|frames| {
        let first = address.0 / PAGE_SIZE;
        frames.free(first..first + count).expect("frames are given back once");
        frames.zeroing.wants_ringing()
    });
    if rings {
        zeroing::ring();
    }
}

/// Bytes that are managed, in use, and the most that were in use.
pub fn usage() -> (u64, u64, u64) {
    let counts = with(|frames| frames.counts());
    (counts.total * PAGE_SIZE, counts.used * PAGE_SIZE, counts.peak * PAGE_SIZE)
}

/// Bytes that are managed.
pub fn total_bytes() -> u64 {
    with(|frames| frames.counts()).total * PAGE_SIZE
}

/// Whether an eighth of them is free at least.
pub fn are_plentiful() -> bool {
    let counts = with(|frames| frames.counts());
    counts.free >= counts.total / 8
}

/// Bytes that are free.
pub fn free_bytes() -> u64 {
    with(|frames| frames.counts()).free * PAGE_SIZE
}

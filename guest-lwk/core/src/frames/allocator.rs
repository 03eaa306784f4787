//! The allocator itself: splitting, merging, counting.

use core::ops::Range;

use super::bitmap::Bitmap;

/// The largest order: blocks of 2^18 frames, 1 GiB.
pub const MAX_ORDER: u8 = 18;
const ORDERS: usize = MAX_ORDER as usize + 1;

/// A naturally aligned block of 2^`order` frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Number of its first frame (its physical address divided by 4096).
    pub frame: u64,
    /// 0 (4 KiB) to [`MAX_ORDER`] (1 GiB).
    pub order: u8,
    /// None of its frames was ever handed out before: it holds what the host gave, zeros.
    pub clean: bool,
}

/// A run of frames, aligned as the next power of two of its length is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Number of its first frame.
    pub frame: u64,
    /// How many frames.
    pub frames: u64,
    /// As [`Block::clean`].
    pub clean: bool,
}

/// Frames by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameCounts {
    /// Given to the allocator.
    pub total: u64,
    /// Free now.
    pub free: u64,
    /// In use now.
    pub used: u64,
    /// The most that were in use at a time.
    pub peak: u64,
}

/// Frames cannot be given back as asked. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FreeError {
    /// They are not the allocator's, not aligned to their order, none at all, or more than are in use.
    NotAllocated,
    /// At least one of them is free already.
    AlreadyFree,
}

/// The storage has fewer words than [`FrameAllocator::storage_words`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StorageTooSmall;

/// The page frames of a partition.
pub struct FrameAllocator<'a> {
    words: &'a mut [u64],
    /// For each order the free blocks of exactly this order, by number: first frame divided by the block's size.
    orders: [Bitmap; ORDERS],
    managed: Range<u64>,
    /// No frame from here on was ever handed out.
    clean_from: u64,
    total: u64,
    free: u64,
    /// Frames that are handed out but count as free.
    aside: u64,
    peak: u64,
}

impl<'a> FrameAllocator<'a> {
    /// Words of storage that an allocator for `frames` frames needs, wherever the first of them lies.
    #[must_use]
    pub fn storage_words(frames: u64) -> usize {
        bitmaps(0, frames).1
    }

    /// An allocator for the frames from `first_frame` on, all of them in use: [`Self::add_free`] says which are
    /// not. `storage` must be zero, as fresh memory is; it is not cleared here, because that would touch all
    /// of it.
    ///
    /// # Errors
    /// [`StorageTooSmall`] if `storage` does not have the words that [`Self::storage_words`] says.
    pub fn new(storage: &'a mut [u64], first_frame: u64, frames: u64) -> Result<Self, StorageTooSmall> {
        if storage.len() < Self::storage_words(frames) {
            return Err(StorageTooSmall);
        }
        debug_assert!(storage.iter().all(|&word| word == 0), "the storage is not fresh");
        let (orders, _) = bitmaps(first_frame, frames);
        let managed = first_frame..first_frame + frames;
        Ok(Self { words: storage, orders, managed, clean_from: first_frame, total: 0, free: 0, aside: 0, peak: 0 })
    }

    /// Makes `range` free: memory that was not the allocator's before and that holds zeros.
    ///
    /// # Errors
    /// [`FreeError`] if it lies outside the managed frames or part of it is free.
    pub fn add_free(&mut self, range: Range<u64>) -> Result<(), FreeError> {
        self.check_used(&range)?;
        self.total += range.end - range.start;
        self.release_run(range);
        Ok(())
    }

    /// Says that frames below `frame` may hold anything, whether they were handed out or not.
    pub fn mark_dirty_below(&mut self, frame: u64) {
        self.clean_from = self.clean_from.max(frame);
    }

    /// Takes the free block of 2^`order` frames that has the lowest address. `None` if there is none, or if `order`
    /// is above [`MAX_ORDER`].
    pub fn allocate(&mut self, order: u8) -> Option<Block> {
        let frame = self.take_block(order)?;
        let clean = self.count_use(frame, 1 << order);
        Some(Block { frame, order, clean })
    }

    /// Takes `frames` frames, 1 to 2^[`MAX_ORDER`], in a row: a block of which the tail is given back at once.
    pub fn allocate_run(&mut self, frames: u64) -> Option<Run> {
        if frames == 0 || frames > 1 << MAX_ORDER {
            return None;
        }
        let order = order_above(frames);
        let frame = self.take_block(order)?;
        self.release_run(frame + frames..frame + (1 << order));
        let clean = self.count_use(frame, frames);
        Some(Run { frame, frames, clean })
    }

    /// Gives a block back. It need not be one that was handed out as such: a part of a larger one, or the whole
    /// that smaller ones make, will do.
    ///
    /// # Errors
    /// [`FreeError`], among others for a block that is free in whole or in part.
    pub fn free(&mut self, frame: u64, order: u8) -> Result<(), FreeError> {
        if order > MAX_ORDER || !frame.is_multiple_of(1 << order) {
            return Err(FreeError::NotAllocated);
        }
        self.free_run(frame, 1 << order)
    }

    /// Gives `frames` frames in a row back.
    ///
    /// # Errors
    /// [`FreeError`], among others for a run that is free in whole or in part.
    pub fn free_run(&mut self, frame: u64, frames: u64) -> Result<(), FreeError> {
        let end = frame.checked_add(frames).ok_or(FreeError::NotAllocated)?;
        self.check_used(&(frame..end))?;
        if frames > self.counts().used {
            return Err(FreeError::NotAllocated);
        }
        self.release_run(frame..end);
        Ok(())
    }

    /// Says that `frames` frames which were handed out count as free: their owner uses them for nothing and gives them back if asked.
    pub fn set_aside(&mut self, frames: u64) {
        self.aside += frames;
    }

    /// Says that so many of them count as used again.
    pub fn take_aside(&mut self, frames: u64) {
        self.aside -= frames;
        self.peak = self.peak.max(self.counts().used);
    }

    /// Whether no frame of `range` is free.
    #[must_use]
    pub fn is_used(&self, range: &Range<u64>) -> bool {
        self.check_used(range).is_ok()
    }

    /// How many frames there are in each state.
    #[must_use]
    pub fn counts(&self) -> FrameCounts {
        let free = self.free + self.aside;
        FrameCounts { total: self.total, free, used: self.total - free, peak: self.peak }
    }

    fn check_used(&self, range: &Range<u64>) -> Result<(), FreeError> {
        if range.is_empty() || range.start < self.managed.start || range.end > self.managed.end {
            return Err(FreeError::NotAllocated);
        }
        for (map, order) in self.orders.iter().zip(0u8..) {
            let last = (range.end - 1) >> order;
            if map.first_from(self.words, range.start >> order).is_some_and(|block| block <= last) {
                return Err(FreeError::AlreadyFree);
            }
        }
        Ok(())
    }

    /// Takes the lowest free block of at least `order` and sets the upper halves free that are not needed.
    fn take_block(&mut self, order: u8) -> Option<u64> {
        let (frame, found) = (order..=MAX_ORDER).filter_map(|order| Some((self.lowest(order)?, order))).min()?;
        self.orders[usize::from(found)].remove(self.words, frame >> found);
        for half in order..found {
            self.orders[usize::from(half)].insert(self.words, (frame >> half) + 1);
        }
        self.free -= 1 << order;
        Some(frame)
    }

    fn lowest(&self, order: u8) -> Option<u64> {
        self.orders[usize::from(order)].first(self.words).map(|block| block << order)
    }

    /// Sets a run free, block by block, each as large as its alignment and the rest allow.
    fn release_run(&mut self, range: Range<u64>) {
        let mut rest = range;
        while !rest.is_empty() {
            let order = order_within(&rest);
            self.release_block(rest.start, order);
            rest.start += 1 << order;
        }
    }

    /// Sets a block free and merges it with its buddy as long as that one is free too.
    fn release_block(&mut self, frame: u64, order: u8) {
        self.free += 1 << order;
        let mut order = order;
        while order < MAX_ORDER {
            let buddy = (frame >> order) ^ 1;
            let map = &self.orders[usize::from(order)];
            if !map.contains(self.words, buddy) {
                break;
            }
            map.remove(self.words, buddy);
            order += 1;
        }
        self.orders[usize::from(order)].insert(self.words, frame >> order);
    }

    /// Notes that frames were handed out, and says whether all of them were clean.
    fn count_use(&mut self, frame: u64, frames: u64) -> bool {
        let clean = frame >= self.clean_from;
        self.mark_dirty_below(frame + frames);
        self.peak = self.peak.max(self.counts().used);
        clean
    }
}

/// The sets of all orders, one behind the other, and how many words they take.
fn bitmaps(first_frame: u64, frames: u64) -> ([Bitmap; ORDERS], usize) {
    let mut end = 0;
    let mut order = 0;
    let maps = core::array::from_fn(|_| {
        // A run that is not aligned reaches into one block more than it fills, at either end.
        let map = Bitmap::new(first_frame >> order, (frames >> order) + 2, end);
        end = map.end();
        order += 1;
        map
    });
    (maps, end)
}

/// The order of the smallest block that holds `frames` frames, at least 1.
fn order_above(frames: u64) -> u8 {
    order(frames.next_power_of_two().ilog2())
}

/// The order of the largest block that begins at the start of `range` and ends inside it.
fn order_within(range: &Range<u64>) -> u8 {
    order((range.end - range.start).ilog2().min(range.start.trailing_zeros()))
}

fn order(bits: u32) -> u8 {
    u8::try_from(bits).unwrap_or(MAX_ORDER).min(MAX_ORDER)
}

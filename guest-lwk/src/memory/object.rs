//! Memory that several mappings share, of one process or of many: `MAP_SHARED | MAP_ANONYMOUS`, and the segments of shmget(2).
//!
//! An object owns a frame for each page that was ever touched, and every page-table entry that shows one owns it as well, so a mapping
//! comes and goes like one of private memory. Nothing is copied or populated by fork(2).

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::ops::Range;
use core::sync::atomic::{AtomicU64, Ordering};

use lwk_core::page_table::Level;
use lwk_core::vma::{Backing, Vma};
use spin::Mutex;
use virtio_ikc::address::{GuestPhysical, LARGE_PAGE_SIZE, PAGE_SIZE};

use super::page_table::{OWNED, leaf_flags};
use super::populate::PopulateError;
use super::space::AddressSpace;
use super::{commit, frames};
use crate::errno::Errno;

/// Small pages of a large one.
const SMALL_PAGES: usize = 512;
const _: () = assert!(SMALL_PAGES as u64 * PAGE_SIZE == LARGE_PAGE_SIZE);

static NEXT: AtomicU64 = AtomicU64::new(1);

/// The frames of as much of an object as a large page holds.
enum Block {
    /// One large frame.
    Large(GuestPhysical),
    /// Small ones, as far as they are there.
    Small(Box<[Option<GuestPhysical>; SMALL_PAGES]>),
}

/// Shared memory.
pub struct SharedObject {
    number: u64,
    bytes: u64,
    /// Whether all of it was promised when it was made; otherwise each page is when it is touched.
    reserved: bool,
    blocks: Mutex<BTreeMap<u64, Block>>,
}

impl SharedObject {
    /// `bytes` (whole pages) of zeros, promised now if `reserved`. ENOMEM if that cannot be.
    pub fn new(bytes: u64, reserved: bool) -> Result<Arc<Self>, Errno> {
        if reserved {
            commit::charge(bytes)?;
        }
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Ok(Arc::new(Self { number, bytes, reserved, blocks: Mutex::default() }))
    }

    /// The LWK's number for it.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Its length in bytes, whole pages.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many bytes of it have a frame.
    pub fn resident(&self) -> u64 {
        let pages = |block: &Block| match block {
            Block::Large(_) => SMALL_PAGES,
            Block::Small(pages) => pages.iter().flatten().count(),
        };
        self.blocks.lock().values().map(pages).sum::<usize>() as u64 * PAGE_SIZE
    }

    /// The frame of the page at `offset`; it is made if need be.
    fn frame(&self, offset: u64) -> Result<GuestPhysical, PopulateError> {
        if offset >= self.bytes {
            return Err(PopulateError::BeyondFile);
        }
        let mut blocks = self.blocks.lock();
        let empty = || Block::Small(Box::new([None; SMALL_PAGES]));
        let block = blocks.entry(offset / LARGE_PAGE_SIZE).or_insert_with(empty);
        let within = offset % LARGE_PAGE_SIZE;
        match block {
            Block::Large(frame) => Ok(GuestPhysical(frame.0 + within)),
            Block::Small(pages) => {
                let index = usize::try_from(within / PAGE_SIZE).map_err(|_| PopulateError::OutOfMemory)?;
                match pages[index] {
                    Some(frame) => Ok(frame),
                    None => self.make(0).inspect(|frame| pages[index] = Some(*frame)),
                }
            }
        }
    }

    /// The large frame at `offset`, a multiple of its size, if there is one or can be.
    fn large_frame(&self, offset: u64) -> Option<GuestPhysical> {
        if !offset.is_multiple_of(LARGE_PAGE_SIZE) || offset.checked_add(LARGE_PAGE_SIZE)? > self.bytes {
            return None;
        }
        let mut blocks = self.blocks.lock();
        match blocks.get(&(offset / LARGE_PAGE_SIZE)) {
            Some(Block::Large(frame)) => return Some(*frame),
            Some(Block::Small(_)) => return None,
            None => {}
        }
        let order = u8::try_from(SMALL_PAGES.ilog2()).ok()?;
        let frame = self.make(order).ok()?;
        blocks.insert(offset / LARGE_PAGE_SIZE, Block::Large(frame));
        Some(frame)
    }

    fn make(&self, order: u8) -> Result<GuestPhysical, PopulateError> {
        let charge = if self.reserved { 0 } else { PAGE_SIZE << order };
        commit::charge(charge).map_err(|_| PopulateError::OutOfMemory)?;
        frames::allocate_zeroed(order).ok_or_else(|| {
            commit::uncharge(charge);
            PopulateError::OutOfMemory
        })
    }
}

impl Drop for SharedObject {
    fn drop(&mut self) {
        commit::uncharge(if self.reserved { self.bytes } else { self.resident() });
        for block in self.blocks.get_mut().values() {
            match block {
                Block::Large(frame) => frames::free_run(*frame, SMALL_PAGES as u64),
                Block::Small(pages) => pages.iter().flatten().for_each(|frame| frames::free_run(*frame, 1)),
            }
        }
    }
}

impl AddressSpace {
    /// Takes note of `object`; answers what an area from its beginning on is backed by.
    pub(super) fn share(&mut self, object: Arc<SharedObject>) -> Backing {
        let number = object.number();
        self.objects.insert(number, object);
        Backing::Shared { object: number, offset: 0 }
    }

    /// Shows small pages of `object`, which `area` shows from `offset` on, in `range`; answers how far it came.
    pub(super) fn show_small(
        &mut self,
        area: &Vma,
        range: Range<u64>,
        object: u64,
        offset: u64,
    ) -> Result<u64, PopulateError> {
        let shared = self.objects.get(&object).cloned().ok_or(PopulateError::BeyondFile)?;
        let flags = leaf_flags(area.protection, Level::Table, OWNED);
        let mut address = range.start;
        while address < range.end {
            let frame = match shared.frame(offset + (address - area.start)) {
                Ok(frame) => frame,
                Err(_) if address > range.start => break,
                Err(error) => return Err(error),
            };
            frames::share_run(frame, 1);
            if self.table.map(address, Level::Table, frame, flags).is_err() {
                frames::free_run(frame, 1);
                return Err(PopulateError::OutOfMemory);
            }
            address += PAGE_SIZE;
        }
        Ok(address)
    }

    /// Shows a large page of `object` at `address`, if it has one that fits there.
    pub(super) fn show_large(&mut self, area: &Vma, address: u64, object: u64, offset: u64) -> bool {
        let shared = self.objects.get(&object).cloned();
        let Some(frame) = shared.and_then(|shared| shared.large_frame(offset + (address - area.start))) else {
            return false;
        };
        frames::share_run(frame, SMALL_PAGES as u64);
        let flags = leaf_flags(area.protection, Level::Directory, OWNED);
        if self.table.map(address, Level::Directory, frame, flags) == Ok(true) {
            return true;
        }
        frames::free_run(frame, SMALL_PAGES as u64);
        false
    }
}

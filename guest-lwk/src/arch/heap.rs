//! The LWK's heap: a buddy heap that takes frames from the partition when it runs short and keeps them.
//!
//! What is as small as nearly everything that the LWK allocates, and as short-lived, is taken from the pieces of the same size that were
//! given back last: the allocator behind them looks for a piece's neighbour each time.
#![allow(unsafe_code)]

use core::alloc::{GlobalAlloc, Layout};
use core::ptr::NonNull;

use buddy_system_allocator::{Heap, LockedHeapWithRescue};
use spin::Mutex;

use super::direct_map;
use crate::memory::frames;

/// The least that is added at a time.
const GROWTH_BYTES: u64 = 256 << 10;
/// Blocks of up to 2^31 bytes.
const ORDERS: usize = 32;
/// The smallest and the largest piece that is kept, as powers of two.
const SMALLEST: u32 = 4;
const LARGEST: u32 = 10;
/// How many pieces of a size are kept at most.
const MOST_KEPT: usize = 64;

#[global_allocator]
static HEAP: KeepingHeap = KeepingHeap {
    whole: LockedHeapWithRescue::new(grow),
    kept: [const { Mutex::new(Kept::NONE) }; (LARGEST - SMALLEST + 1) as usize],
};

fn grow(heap: &mut Heap<ORDERS>, layout: &Layout) {
    let wanted = (layout.size().max(layout.align()).next_power_of_two() as u64).max(GROWTH_BYTES);
    let Some(start) = frames::allocate_for_lwk(wanted) else { return };
    let address = usize::try_from(direct_map::address_of(start)).unwrap_or(0);
    // SAFETY: the frames were just taken from the allocator and are given to nobody else.
    unsafe { heap.add_to_heap(address, address + usize::try_from(wanted).unwrap_or(0)) }
}

/// Free pieces of one size: each begins with the address of the next.
struct Kept {
    first: Option<NonNull<Free>>,
    count: usize,
}

struct Free {
    next: Option<NonNull<Self>>,
}

// SAFETY: the pieces belong to whoever has the lock around this.
unsafe impl Send for Kept {}

impl Kept {
    const NONE: Self = Self { first: None, count: 0 };

    fn take(&mut self) -> Option<NonNull<Free>> {
        let piece = self.first?;
        // SAFETY: `keep` wrote it, and nobody has had the piece since.
        self.first = unsafe { piece.read() }.next;
        self.count -= 1;
        Some(piece)
    }

    /// Whether there was room for `piece`, which is free, aligned to its size and large enough for [`Free`].
    fn keep(&mut self, piece: NonNull<Free>) -> bool {
        if self.count == MOST_KEPT {
            return false;
        }
        // SAFETY: the caller has given the piece back.
        unsafe { piece.write(Free { next: self.first }) };
        self.first = Some(piece);
        self.count += 1;
        true
    }
}

struct KeepingHeap {
    whole: LockedHeapWithRescue<ORDERS>,
    kept: [Mutex<Kept>; (LARGEST - SMALLEST + 1) as usize],
}

impl KeepingHeap {
    /// The pieces that serve for `layout`, and their own layout, if they are of a size that is kept.
    fn pieces(&self, layout: Layout) -> Option<(&Mutex<Kept>, Layout)> {
        let size = layout.size().max(layout.align()).next_power_of_two().max(1 << SMALLEST);
        let kept = self.kept.get((size.trailing_zeros() - SMALLEST) as usize)?;
        Some((kept, Layout::from_size_align(size, size).ok()?))
    }
}

// SAFETY: every piece comes from `whole`, whose contract is this one, with the layout with which it goes back there; in between it is
// either kept or somebody's.
unsafe impl GlobalAlloc for KeepingHeap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some((kept, whole)) = self.pieces(layout) else {
            // SAFETY: the caller's layout.
            return unsafe { self.whole.alloc(layout) };
        };
        let piece = kept.lock().take();
        match piece {
            Some(piece) => piece.as_ptr().cast(),
            // SAFETY: its size is not 0.
            None => unsafe { self.whole.alloc(whole) },
        }
    }

    unsafe fn dealloc(&self, piece: *mut u8, layout: Layout) {
        let Some((kept, whole)) = self.pieces(layout) else {
            // SAFETY: the caller got it so.
            return unsafe { self.whole.dealloc(piece, layout) };
        };
        let Some(free) = NonNull::new(piece.cast()) else { return };
        if !kept.lock().keep(free) {
            // SAFETY: `alloc` got it with this layout.
            unsafe { self.whole.dealloc(piece, whole) }
        }
    }
}

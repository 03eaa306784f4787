//! The LWK's heap: a buddy heap that takes frames from the partition when it runs short and keeps them.
#![allow(unsafe_code)]

use core::alloc::Layout;

use buddy_system_allocator::{Heap, LockedHeapWithRescue};

use super::direct_map;
use crate::memory::frames;

/// The least that is added at a time.
const GROWTH_BYTES: u64 = 256 << 10;
/// Blocks of up to 2^31 bytes.
const ORDERS: usize = 32;

#[global_allocator]
static HEAP: LockedHeapWithRescue<ORDERS> = LockedHeapWithRescue::new(grow);

fn grow(heap: &mut Heap<ORDERS>, layout: &Layout) {
    let wanted = (layout.size().max(layout.align()).next_power_of_two() as u64).max(GROWTH_BYTES);
    let Some(start) = frames::allocate_for_lwk(wanted) else { return };
    let address = usize::try_from(direct_map::address_of(start)).unwrap_or(0);
    // SAFETY: the frames were just taken from the allocator and are given to nobody else.
    unsafe { heap.add_to_heap(address, address + usize::try_from(wanted).unwrap_or(0)) }
}

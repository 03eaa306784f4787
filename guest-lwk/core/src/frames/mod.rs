//! The partition's page frames: which are free, and how a block of them is found.
//!
//! A buddy allocator, with two peculiarities that the hosts ask for. First, it never looks into a free page: the
//! first touch of memory makes the host populate a huge page, which costs milliseconds, so the usual list through
//! the free blocks is out and all state lies in a bitmap for each order, apart. Second, it always hands out the
//! lowest address that fits: what has been populated once is used again before the host is asked for more, and
//! what lies above everything ever handed out is known to be zero and need not be cleared.
//!
//! Above each bitmap stand summaries, one bit for 64 bits below, so the lowest free block of an order is found in
//! as many steps as the summary has levels: three for a gigabyte, five for the largest partition.

mod allocator;
mod bitmap;
#[cfg(test)]
mod tests;

pub use allocator::{Block, FrameAllocator, FrameCounts, FreeError, MAX_ORDER, Run, StorageTooSmall};

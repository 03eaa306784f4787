//! The memory areas of one process.
//!
//! What mmap(2), mprotect(2), munmap(2), mremap(2) and brk(2) change is a list of areas that do not overlap, each
//! with one protection and one backing; page tables only follow it. The list is kept as Linux keeps it: areas
//! split where a call changes a part of one, and merge again where neighbours have become the same, so that
//! `/proc/self/maps` reads the same and the list stays as short as the program's view of its memory.

mod area;
mod gap;
#[cfg(test)]
mod tests;
mod tree;

pub use area::{Backing, Vma, VmaFlags};
pub use gap::STACK_GUARD_BYTES;
pub use tree::VmaTree;

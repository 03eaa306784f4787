//! From segments to mappings, as Linux's `elf_load` does it.
//!
//! A segment that has more memory than file is three things: pages of the file, the rest of its last page that must
//! be cleared, and pages of zeros behind it. The pages of zeros come from Linux's `vm_brk_flags` and are therefore
//! readable and writable whatever the segment says; the rest of a page that the program cannot write stays as
//! it is in the file.

use alloc::vec::Vec;

use virtio_ikc::address::PAGE_SIZE;

use super::plan::{Plan, SegmentPlan};
use crate::protection::Protection;

/// One thing to do to load a program; in the order of [`Plan::steps`]. All ranges lie inside the program's addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapStep {
    /// Map a file privately over whatever is there.
    File {
        /// First address, a page's.
        start: u64,
        /// End, a page's.
        end: u64,
        /// Where in the file the first byte is, a page's. The range may reach past the end of the file.
        offset: u64,
        /// What the program may do with it.
        protection: Protection,
    },
    /// Map pages of zeros over whatever is there.
    Zero {
        /// First address, a page's.
        start: u64,
        /// End, a page's.
        end: u64,
        /// What the program may do with it.
        protection: Protection,
    },
    /// Clear part of the last page of the `File` step before.
    ClearTail {
        /// First address to clear.
        start: u64,
        /// End, a page's: less than a page away.
        end: u64,
    },
}

impl Plan {
    /// What to do to load the file with a bias that [`Plan::bias`] has given.
    #[must_use]
    pub fn steps(&self, bias: u64) -> Vec<MapStep> {
        let mut steps = Vec::with_capacity(self.segments.len() * 2);
        for segment in &self.segments {
            add_steps(&mut steps, segment, segment.vaddr.wrapping_add(bias));
        }
        steps
    }
}

/// The steps for one segment that begins at `address`.
fn add_steps(steps: &mut Vec<MapStep>, segment: &SegmentPlan, address: u64) {
    let start = address & !(PAGE_SIZE - 1);
    let file_end = address + segment.file_size;
    let mut zero_start = start;
    if segment.file_size > 0 {
        zero_start = file_end.next_multiple_of(PAGE_SIZE);
        let offset = segment.file_offset - (address - start);
        steps.push(MapStep::File { start, end: zero_start, offset, protection: segment.protection });
    }
    if segment.memory_size == segment.file_size {
        return;
    }
    if segment.file_size > 0 && file_end < zero_start && segment.protection.is_writable() {
        steps.push(MapStep::ClearTail { start: file_end, end: zero_start });
    }
    let end = (address + segment.memory_size).next_multiple_of(PAGE_SIZE);
    if zero_start < end {
        let protection = Protection::READ | Protection::WRITE | (segment.protection & Protection::EXECUTE);
        steps.push(MapStep::Zero { start: zero_start, end, protection });
    }
}

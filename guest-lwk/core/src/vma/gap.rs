//! Room between areas: where a new one fits, and how far one that grows downwards may grow.
//!
//! A stack must not run into what lies below it, so Linux keeps `stack_guard_gap` pages free there, both when it
//! places a new area and when it lets the stack grow; the same rules stand here.

use core::ops::Range;

use virtio_ikc::address::PAGE_SIZE;

use super::area::{Backing, Vma, VmaFlags};
use super::tree::VmaTree;

/// What stays free below an area that grows downwards: 256 pages, Linux's default `stack_guard_gap`.
pub const STACK_GUARD_BYTES: u64 = 256 * PAGE_SIZE;

impl VmaTree {
    /// Whether a new area may be placed at `range` because a program hints at it: nothing is there, and no
    /// guard gap either.
    #[must_use]
    pub fn is_gap(&self, range: &Range<u64>) -> bool {
        self.find_next(range.start).is_none_or(|above| range.end <= guarded_start(above))
    }

    /// The start of a free range of `length` bytes inside `low..high`, the highest there is (`top_down`) or the
    /// lowest, that `alignment` (a power of two) divides. It keeps clear of guard gaps. `None` if there is no
    /// such range or `length` is 0. Takes time in proportion to the number of areas that it passes.
    #[must_use]
    pub fn find_gap(&self, length: u64, alignment: u64, low: u64, high: u64, top_down: bool) -> Option<u64> {
        debug_assert!(alignment.is_power_of_two());
        if length == 0 || low >= high {
            return None;
        }
        if top_down {
            self.highest_gap(low..high, |gap| fit_high(gap, length, alignment))
        } else {
            self.lowest_gap(low..high, |gap| fit_low(gap, length, alignment))
        }
    }

    fn highest_gap(&self, window: Range<u64>, fit: impl Fn(Range<u64>) -> Option<u64>) -> Option<u64> {
        let above = self.areas.range(window.end..).next();
        let mut ceiling = above.map_or(window.end, |(_, vma)| window.end.min(guarded_start(vma)));
        for vma in self.areas.range(..window.end).rev().map(|(_, vma)| vma) {
            if let Some(start) = fit(vma.end.max(window.start)..ceiling) {
                return Some(start);
            }
            ceiling = ceiling.min(guarded_start(vma));
            if ceiling <= window.start {
                return None;
            }
        }
        fit(window.start..ceiling)
    }

    fn lowest_gap(&self, window: Range<u64>, fit: impl Fn(Range<u64>) -> Option<u64>) -> Option<u64> {
        let mut floor = window.start;
        let first = self.find_next(window.start).map_or(window.end, |vma| vma.start);
        for vma in self.areas.range(first..).map(|(_, vma)| vma) {
            if let Some(start) = fit(floor..guarded_start(vma).min(window.end)) {
                return Some(start);
            }
            floor = vma.end;
            if floor >= window.end {
                return None;
            }
        }
        fit(floor..window.end)
    }

    /// The range by which the area above `address` must grow downwards so that `address` lies in it. `None`
    /// if there is no area above that grows, if an accessible one below would come nearer than the guard gap, or
    /// if `address` lies in an area already: then the access is a fault (SIGSEGV).
    #[must_use]
    pub fn growth(&self, address: u64) -> Option<Range<u64>> {
        let above = self.find_next(address)?;
        if above.contains(address) || !above.flags.contains(VmaFlags::GROWS_DOWN) {
            return None;
        }
        let added = address & !(PAGE_SIZE - 1)..above.start;
        if matches!(above.backing, Backing::File { offset, .. } | Backing::Shared { offset, .. } if offset < added.end - added.start)
        {
            return None;
        }
        let below = self.areas.range(..added.start).next_back().map(|(_, vma)| vma);
        if below.is_some_and(|below| is_too_near(below, added.start)) {
            return None;
        }
        Some(added)
    }
}

/// The lowest address that belongs to `vma` or to the gap below it.
fn guarded_start(vma: &Vma) -> u64 {
    if vma.flags.contains(VmaFlags::GROWS_DOWN) { vma.start.saturating_sub(STACK_GUARD_BYTES) } else { vma.start }
}

/// Whether a stack that begins at `start` would lie too near above `below`. Areas without access are guards
/// themselves, and stacks may meet.
fn is_too_near(below: &Vma, start: u64) -> bool {
    !below.flags.contains(VmaFlags::GROWS_DOWN)
        && below.protection.is_accessible()
        && start - below.end < STACK_GUARD_BYTES
}

fn fit_high(gap: Range<u64>, length: u64, alignment: u64) -> Option<u64> {
    let start = gap.end.checked_sub(length)? & !(alignment - 1);
    (start >= gap.start).then_some(start)
}

fn fit_low(gap: Range<u64>, length: u64, alignment: u64) -> Option<u64> {
    let start = gap.start.checked_next_multiple_of(alignment)?;
    (start.checked_add(length)? <= gap.end).then_some(start)
}

//! The ordered list of areas, and the operations that split and merge them.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::ops::Range;

use super::area::{Backing, Vma};

/// The areas of a process, by their first address. They never overlap, and no two neighbours are the same.
#[derive(Clone, Debug, Default)]
pub struct VmaTree {
    pub(super) areas: BTreeMap<u64, Vma>,
    bytes: u64,
}

impl VmaTree {
    /// No areas at all.
    #[must_use]
    pub const fn new() -> Self {
        Self { areas: BTreeMap::new(), bytes: 0 }
    }

    /// Adds an area where none is ([`Self::remove`] makes room) and merges it with its neighbours where they are
    /// the same. An area without length is no area.
    pub fn insert(&mut self, vma: Vma) {
        debug_assert!(self.is_free(&vma.range()), "{vma:x?} overlaps");
        if vma.start >= vma.end {
            return;
        }
        self.bytes += vma.bytes();
        self.areas.insert(vma.start, vma);
        self.merge_at(vma.end);
        self.merge_at(vma.start);
    }

    /// Takes everything in `range` away and returns it in the order of addresses, cut at the ends of `range`.
    pub fn remove(&mut self, range: &Range<u64>) -> Vec<Vma> {
        if range.is_empty() {
            return Vec::new();
        }
        self.split_at(range.start);
        self.split_at(range.end);
        let removed: Vec<Vma> = self.areas.extract_if(range.clone(), |_, _| true).map(|(_, vma)| vma).collect();
        self.bytes -= removed.iter().map(Vma::bytes).sum::<u64>();
        removed
    }

    /// The area that `address` lies in.
    #[must_use]
    pub fn find(&self, address: u64) -> Option<&Vma> {
        self.areas.range(..=address).next_back().map(|(_, vma)| vma).filter(|vma| vma.contains(address))
    }

    /// The first area that ends above `address`: the one it lies in, or the next one.
    #[must_use]
    pub fn find_next(&self, address: u64) -> Option<&Vma> {
        self.find(address).or_else(|| self.areas.range(address..).next().map(|(_, vma)| vma))
    }

    /// What lies in `range`, in the order of addresses, cut at the ends of `range`.
    pub fn pieces(&self, range: &Range<u64>) -> impl Iterator<Item = Vma> + '_ {
        let start = self.find(range.start).map_or(range.start, |vma| vma.start);
        let range = range.clone();
        self.areas.range(start..range.end.max(start)).filter_map(move |(_, vma)| vma.clip(&range))
    }

    /// Whether every address of `range` lies in an area. An empty range is covered.
    #[must_use]
    pub fn is_covered(&self, range: &Range<u64>) -> bool {
        let mut reached = range.start;
        for piece in self.pieces(range) {
            if piece.start != reached {
                return false;
            }
            reached = piece.end;
        }
        reached >= range.end
    }

    /// Whether no address of `range` lies in an area.
    #[must_use]
    pub fn is_free(&self, range: &Range<u64>) -> bool {
        self.pieces(range).next().is_none()
    }

    /// Lets `change` work on every part of an area that lies in `range`, after splitting areas at its ends; what has
    /// become the same as its neighbour merges. Addresses cannot be changed.
    pub fn update(&mut self, range: &Range<u64>, mut change: impl FnMut(&mut Vma)) {
        if range.is_empty() {
            return;
        }
        self.split_at(range.start);
        self.split_at(range.end);
        for (&start, vma) in self.areas.range_mut(range.clone()) {
            let end = vma.end;
            change(vma);
            (vma.start, vma.end) = (start, end);
        }
        let borders: Vec<u64> = self.areas.range(range.start..=range.end).map(|(&start, _)| start).collect();
        for border in borders {
            self.merge_at(border);
        }
    }

    /// The areas in the order of addresses.
    #[must_use]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Vma> {
        self.areas.values()
    }

    /// How many areas there are (Linux bounds them by `vm.max_map_count`).
    #[must_use]
    pub fn len(&self) -> usize {
        self.areas.len()
    }

    /// Whether there are no areas.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.areas.is_empty()
    }

    /// The length of all areas together, in bytes (`VmSize` of proc(5)).
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether any area is backed by the file `handle`: when not, the handle can be given back.
    #[must_use]
    pub fn holds_file(&self, handle: u64) -> bool {
        self.iter().any(|vma| matches!(vma.backing, Backing::File { handle: of, .. } if of == handle))
    }

    /// Whether any area shows the shared memory `object`.
    #[must_use]
    pub fn holds_object(&self, object: u64) -> bool {
        self.iter().any(|vma| matches!(vma.backing, Backing::Shared { object: of, .. } if of == object))
    }

    /// Lets the area that begins at the end of `added` begin at its start. `added` is what
    /// [`Self::growth`] answered.
    pub fn grow_down(&mut self, added: &Range<u64>) {
        let Some(mut vma) = self.areas.remove(&added.end) else {
            return;
        };
        let bytes = added.end - added.start;
        if let Backing::File { offset, .. } | Backing::Shared { offset, .. } = &mut vma.backing {
            *offset = offset.wrapping_sub(bytes);
        }
        vma.start = added.start;
        self.bytes += bytes;
        self.areas.insert(vma.start, vma);
        self.merge_at(vma.start);
    }

    /// Makes an area begin at `address` if one lies there.
    fn split_at(&mut self, address: u64) {
        let Some((_, lower)) = self.areas.range_mut(..address).next_back() else {
            return;
        };
        let Some(upper) = lower.clip(&(address..u64::MAX)) else {
            return;
        };
        lower.end = address;
        self.areas.insert(address, upper);
    }

    /// Makes one area of the two that meet at `border`, if they are the same.
    fn merge_at(&mut self, border: u64) {
        let Some(&upper) = self.areas.get(&border) else {
            return;
        };
        let Some((_, lower)) = self.areas.range_mut(..border).next_back() else {
            return;
        };
        if lower.continues_in(&upper) {
            lower.end = upper.end;
            self.areas.remove(&border);
        }
    }
}

//! The tree against a model that knows nothing but single pages.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::ops::Range;
use proptest::prelude::*;
use virtio_ikc::address::PAGE_SIZE;

use super::{Backing, STACK_GUARD_BYTES, Vma, VmaFlags, VmaTree};
use crate::protection::Protection;

fn pages(range: Range<u64>) -> Range<u64> {
    range.start * PAGE_SIZE..range.end * PAGE_SIZE
}

fn anonymous(range: Range<u64>) -> Vma {
    let range = pages(range);
    Vma {
        start: range.start,
        end: range.end,
        protection: Protection::READ | Protection::WRITE,
        maximum_protection: Protection::all(),
        flags: VmaFlags::empty(),
        backing: Backing::Anonymous,
    }
}

fn file(range: Range<u64>, handle: u64, page: u64) -> Vma {
    Vma { backing: Backing::File { handle, offset: page * PAGE_SIZE }, ..anonymous(range) }
}

fn stack(range: Range<u64>) -> Vma {
    Vma { flags: VmaFlags::GROWS_DOWN | VmaFlags::STACK, ..anonymous(range) }
}

fn tree(areas: &[Vma]) -> VmaTree {
    let mut tree = VmaTree::new();
    for &area in areas {
        tree.insert(area);
    }
    tree
}

fn list(tree: &VmaTree) -> Vec<Vma> {
    tree.iter().copied().collect()
}

#[test]
fn equal_neighbours_merge_on_both_sides() {
    let tree = tree(&[anonymous(1..2), anonymous(3..4), anonymous(2..3)]);
    assert_eq!(list(&tree), [anonymous(1..4)]);
}

#[test]
fn files_merge_only_where_their_offsets_continue() {
    assert_eq!(tree(&[file(1..2, 7, 0), file(2..3, 7, 1)]).len(), 1);
    assert_eq!(tree(&[file(1..2, 7, 0), file(2..3, 7, 2)]).len(), 2);
    assert_eq!(tree(&[file(1..2, 7, 0), file(2..3, 8, 1)]).len(), 2);
    assert_eq!(tree(&[file(1..2, 7, 0), anonymous(2..3)]).len(), 2);
}

#[test]
fn areas_that_differ_in_anything_stay_apart() {
    let read = Vma { protection: Protection::READ, ..anonymous(2..3) };
    let bounded = Vma { maximum_protection: Protection::READ, ..anonymous(2..3) };
    let special = Vma { backing: Backing::Special(1), ..anonymous(2..3) };
    for other in [read, bounded, special, stack(2..3)] {
        assert_eq!(tree(&[anonymous(1..2), other]).len(), 2);
    }
    assert_eq!(tree(&[special, Vma { backing: Backing::Special(1), ..anonymous(3..4) }]).len(), 2);
}

#[test]
fn removal_cuts_a_hole_and_moves_the_offset_along() {
    let mut tree = tree(&[file(10..20, 7, 100)]);
    assert_eq!(tree.remove(&pages(12..15)), [file(12..15, 7, 102)]);
    assert_eq!(list(&tree), [file(10..12, 7, 100), file(15..20, 7, 105)]);
    assert_eq!(tree.total_bytes(), 7 * PAGE_SIZE);
    assert!(tree.holds_file(7) && !tree.holds_file(8));
}

#[test]
fn empty_and_inverted_ranges_do_nothing() {
    let mut tree = tree(&[anonymous(10..20)]);
    let inverted = Range { start: 15 * PAGE_SIZE, end: 12 * PAGE_SIZE };
    for range in [pages(15..15), inverted] {
        assert!(tree.remove(&range).is_empty());
        tree.update(&range, |vma| vma.protection = Protection::empty());
        assert!(tree.is_covered(&range) && tree.is_free(&range));
    }
    assert_eq!(list(&tree), [anonymous(10..20)]);
}

#[test]
fn an_update_splits_and_the_way_back_merges() {
    let mut tree = tree(&[anonymous(10..20)]);
    tree.update(&pages(12..14), |vma| vma.protection = Protection::READ);
    assert_eq!(tree.len(), 3);
    tree.update(&pages(11..15), |vma| {
        vma.protection = anonymous(0..1).protection;
    });
    assert_eq!(list(&tree), [anonymous(10..20)]);
}

#[test]
fn an_update_cannot_move_an_area() {
    let mut tree = tree(&[anonymous(10..20)]);
    tree.update(&pages(10..20), |vma| (vma.start, vma.end) = (0, 1));
    assert_eq!(list(&tree), [anonymous(10..20)]);
}

#[test]
fn find_next_answers_the_area_or_the_one_above() {
    let tree = tree(&[anonymous(10..20), anonymous(30..40)]);
    let start = |address| tree.find_next(address).map(|vma| vma.start / PAGE_SIZE);
    assert_eq!(start(0), Some(10));
    assert_eq!(start(20 * PAGE_SIZE - 1), Some(10));
    assert_eq!(start(20 * PAGE_SIZE), Some(30));
    assert_eq!(start(40 * PAGE_SIZE), None);
}

#[test]
fn gaps_keep_clear_of_a_stack() {
    let tree = tree(&[stack(1000..1010)]);
    let high = 1000 * PAGE_SIZE;
    assert_eq!(tree.find_gap(PAGE_SIZE, PAGE_SIZE, 0, high, true), Some(high - STACK_GUARD_BYTES - PAGE_SIZE));
    assert_eq!(tree.find_gap(745 * PAGE_SIZE, PAGE_SIZE, 0, high, false), None);
    assert!(tree.is_gap(&pages(743..744)));
    assert!(!tree.is_gap(&pages(743..745)));
    assert!(tree.is_gap(&pages(1010..1011)));
}

#[test]
fn a_stack_grows_until_it_comes_near_something_accessible() {
    let guard = STACK_GUARD_BYTES / PAGE_SIZE;
    let mut tree = tree(&[anonymous(10..20), stack(1000..1010)]);
    assert_eq!(tree.growth((20 + guard) * PAGE_SIZE - 1), None);
    let added = tree.growth((20 + guard) * PAGE_SIZE + 5).unwrap();
    assert_eq!(added, pages(20 + guard..1000));
    tree.grow_down(&added);
    assert_eq!(list(&tree), [anonymous(10..20), stack(20 + guard..1010)]);
    assert_eq!(tree.total_bytes(), (10 + 1010 - 20 - guard) * PAGE_SIZE);
}

#[test]
fn nothing_grows_that_may_not() {
    let mut tree = tree(&[anonymous(1000..1010), stack(2000..2010)]);
    assert_eq!(tree.growth(999 * PAGE_SIZE), None);
    assert_eq!(tree.growth(2001 * PAGE_SIZE), None);
    assert_eq!(tree.growth(3000 * PAGE_SIZE), None);
    tree.update(&pages(1000..1010), |vma| {
        vma.protection = Protection::empty();
    });
    assert_eq!(tree.growth(1010 * PAGE_SIZE), Some(pages(1010..2000)));
}

#[test]
fn a_file_does_not_grow_below_its_first_byte() {
    let growing = Vma { flags: VmaFlags::GROWS_DOWN, ..file(1000..1010, 1, 5) };
    let tree = tree(&[growing]);
    assert_eq!(tree.growth(994 * PAGE_SIZE), None);
    assert_eq!(tree.growth(995 * PAGE_SIZE), Some(pages(995..1000)));
}

const SPACE: u64 = 64;

/// What is known of a page: protection and backing.
type Page = (Protection, Backing);

#[derive(Clone, Debug)]
enum Step {
    Map(Range<u64>, Page),
    Unmap(Range<u64>),
    Protect(Range<u64>, Protection),
}

fn range() -> impl Strategy<Value = Range<u64>> {
    (0..SPACE, 1u64..20).prop_map(|(start, length)| pages(start..(start + length).min(SPACE)))
}

fn protection() -> impl Strategy<Value = Protection> {
    (0u32..4).prop_map(Protection::from_bits_truncate)
}

/// Files of which the same offset always comes to the same address, so that neighbours often merge, and others.
fn backing() -> impl Strategy<Value = Backing> {
    prop_oneof![
        Just(Backing::Anonymous),
        (0u64..2, 0u64..2).prop_map(|(handle, page)| Backing::File { handle, offset: page * PAGE_SIZE }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (range(), protection(), backing()).prop_map(|(range, protection, backing)| {
            let backing = backing.advanced(range.start);
            Step::Map(range, (protection, backing))
        }),
        2 => range().prop_map(Step::Unmap),
        2 => (range(), protection()).prop_map(|(range, protection)| Step::Protect(range, protection)),
    ]
}

fn each_page(range: &Range<u64>) -> impl Iterator<Item = u64> + use<> {
    range.clone().step_by(4096)
}

fn area(range: &Range<u64>, (protection, backing): Page) -> Vma {
    Vma { start: range.start, end: range.end, protection, backing, ..anonymous(0..1) }
}

fn play(tree: &mut VmaTree, model: &mut BTreeMap<u64, Page>, step: &Step) {
    match step {
        Step::Map(range, page) => {
            tree.remove(range);
            tree.insert(area(range, *page));
            for at in each_page(range) {
                model.insert(at, (page.0, page.1.advanced(at - range.start)));
            }
        }
        Step::Unmap(range) => {
            let removed: Vec<u64> = tree.remove(range).iter().flat_map(|vma| each_page(&vma.range())).collect();
            let expected: Vec<u64> = each_page(range).filter(|at| model.remove(at).is_some()).collect();
            assert_eq!(removed, expected);
        }
        Step::Protect(range, protection) => {
            tree.update(range, |vma| vma.protection = *protection);
            for at in each_page(range) {
                model.entry(at).and_modify(|page| page.0 = *protection);
            }
        }
    }
}

fn check(tree: &VmaTree, model: &BTreeMap<u64, Page>) {
    for at in each_page(&pages(0..SPACE)) {
        let found = tree.find(at + 4095).and_then(|vma| vma.clip(&(at..at + PAGE_SIZE)));
        assert_eq!(found.map(|vma| (vma.protection, vma.backing)), model.get(&at).copied());
    }
    assert_eq!(tree.total_bytes(), model.len() as u64 * PAGE_SIZE);
    let areas = list(tree);
    for pair in areas.windows(2) {
        assert!(pair[0].end <= pair[1].start && !pair[0].continues_in(&pair[1]), "{pair:x?}");
    }
}

/// Every start that a gap of `length` pages can have.
fn naive_gaps(model: &BTreeMap<u64, Page>, length: u64, alignment: u64, window: &Range<u64>) -> Vec<u64> {
    let fits = |start: u64| {
        let range = start..start + length * PAGE_SIZE;
        start.is_multiple_of(alignment) && range.end <= window.end && model.range(range).next().is_none()
    };
    each_page(window).filter(|&start| fits(start)).collect()
}

proptest! {
    #[test]
    fn it_behaves_as_a_list_of_pages(
        steps in proptest::collection::vec(step(), 1..40),
        probe in range(),
        length in 1u64..12,
        shift in 0u32..3,
    ) {
        let mut tree = VmaTree::new();
        let mut model = BTreeMap::new();
        for step in &steps {
            play(&mut tree, &mut model, step);
            check(&tree, &model);
        }
        let mapped = each_page(&probe).filter(|at| model.contains_key(at)).count();
        prop_assert_eq!(tree.is_free(&probe), mapped == 0);
        prop_assert_eq!(tree.is_gap(&probe), mapped == 0);
        prop_assert_eq!(tree.is_covered(&probe), mapped == each_page(&probe).count());
        let pieces: u64 = tree.pieces(&probe).map(|vma| vma.bytes()).sum();
        prop_assert_eq!(pieces, mapped as u64 * PAGE_SIZE);

        let alignment = PAGE_SIZE << shift;
        let gaps = naive_gaps(&model, length, alignment, &probe);
        let gap = |top_down| tree.find_gap(length * PAGE_SIZE, alignment, probe.start, probe.end, top_down);
        prop_assert_eq!(gap(false), gaps.first().copied());
        prop_assert_eq!(gap(true), gaps.last().copied());
    }

    #[test]
    fn no_range_makes_it_panic(start in any::<u64>(), end in any::<u64>(), length in any::<u64>(), shift in 12u32..40) {
        let last = u64::MAX / PAGE_SIZE;
        let mut tree = tree(&[anonymous(0..5), stack(1000..1010), file(last - 3..last, 1, 0)]);
        let range = start..end;
        for top_down in [false, true] {
            let _ = tree.find_gap(length, 1 << shift, start, end, top_down);
        }
        let _ = (tree.is_gap(&range), tree.is_free(&range), tree.growth(start));
        prop_assert_eq!(tree.pieces(&range).count(), tree.remove(&range).len());
    }
}

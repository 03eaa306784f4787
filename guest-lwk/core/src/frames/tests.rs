//! The allocator against a list of booleans, one for each frame.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;
use proptest::prelude::*;

use super::{FrameAllocator, FreeError, MAX_ORDER, StorageTooSmall};

const HUGE: u64 = 1 << MAX_ORDER;

fn with_frames<T>(range: Range<u64>, test: impl FnOnce(&mut FrameAllocator<'_>) -> T) -> T {
    let frames = range.end - range.start;
    let mut storage = vec![0; FrameAllocator::storage_words(frames)];
    let mut allocator = FrameAllocator::new(&mut storage, range.start, frames).unwrap();
    allocator.add_free(range).unwrap();
    test(&mut allocator)
}

#[test]
fn everything_is_used_at_first() {
    let mut storage = vec![0; FrameAllocator::storage_words(100)];
    let mut allocator = FrameAllocator::new(&mut storage, 0, 100).unwrap();
    assert_eq!(allocator.allocate(0), None);
    assert!(allocator.is_used(&(0..100)));
    assert_eq!(allocator.free(3, 0), Err(FreeError::NotAllocated));
}

#[test]
fn too_little_storage_is_refused() {
    let mut storage = vec![0; FrameAllocator::storage_words(100) - 1];
    assert_eq!(FrameAllocator::new(&mut storage, 0, 100).err(), Some(StorageTooSmall));
}

#[test]
fn blocks_are_aligned_to_the_physical_address_not_to_the_first_frame() {
    with_frames(3..3 + 3 * HUGE, |allocator| {
        let block = allocator.allocate(MAX_ORDER).unwrap();
        assert_eq!(block.frame, HUGE);
        assert_eq!(allocator.allocate(0).unwrap().frame, 3);
        assert_eq!(allocator.allocate(9).unwrap().frame, 512);
    });
}

#[test]
fn the_lowest_address_wins_over_the_best_fit() {
    with_frames(0..1024, |allocator| {
        let low = allocator.allocate(4).unwrap();
        let single = allocator.allocate(0).unwrap();
        allocator.free(low.frame, 4).unwrap();
        assert_eq!((low.frame, single.frame), (0, 16));
        assert_eq!(allocator.allocate(0).unwrap().frame, 0);
    });
}

#[test]
fn what_was_split_merges_again() {
    with_frames(0..HUGE, |allocator| {
        let frames: Vec<u64> = (0..512).map(|_| allocator.allocate(0).unwrap().frame).collect();
        assert_eq!(allocator.allocate(MAX_ORDER), None);
        for frame in frames {
            allocator.free(frame, 0).unwrap();
        }
        assert_eq!(allocator.allocate(MAX_ORDER).unwrap().frame, 0);
        assert_eq!(allocator.counts().free, 0);
    });
}

#[test]
fn a_double_free_is_found_whatever_has_become_of_the_block() {
    with_frames(0..1024, |allocator| {
        let block = allocator.allocate(3).unwrap();
        let _neighbour = allocator.allocate(0).unwrap();
        allocator.free(block.frame, 3).unwrap();
        assert_eq!(allocator.free(block.frame, 3), Err(FreeError::AlreadyFree));
        assert_eq!(allocator.free(block.frame + 2, 0), Err(FreeError::AlreadyFree));
        assert_eq!(allocator.free(0, 5), Err(FreeError::AlreadyFree));
        assert_eq!(allocator.free(700, 0), Err(FreeError::AlreadyFree));
        assert_eq!(allocator.counts().used, 1);
    });
}

#[test]
fn what_is_not_the_allocators_is_refused() {
    with_frames(64..128, |allocator| {
        allocator.allocate_run(64).unwrap();
        assert_eq!(allocator.free(0, 0), Err(FreeError::NotAllocated));
        assert_eq!(allocator.free(128, 0), Err(FreeError::NotAllocated));
        assert_eq!(allocator.free(65, 1), Err(FreeError::NotAllocated));
        assert_eq!(allocator.free(64, 19), Err(FreeError::NotAllocated));
        assert_eq!(allocator.free_run(64, 0), Err(FreeError::NotAllocated));
        assert_eq!(allocator.free_run(64, u64::MAX), Err(FreeError::NotAllocated));
        assert_eq!(allocator.add_free(100..130), Err(FreeError::NotAllocated));
        assert_eq!(allocator.allocate(MAX_ORDER + 1), None);
        assert_eq!(allocator.allocate_run(0), None);
        assert_eq!(allocator.allocate_run(HUGE + 1), None);
    });
}

#[test]
fn a_run_takes_no_more_than_it_asks_for() {
    with_frames(0..1024, |allocator| {
        let run = allocator.allocate_run(300).unwrap();
        assert_eq!((run.frame, run.frames), (0, 300));
        assert_eq!(allocator.counts().used, 300);
        assert_eq!(allocator.allocate(0).unwrap().frame, 300);
        allocator.free_run(0, 301).unwrap();
        assert_eq!(allocator.allocate(10).unwrap().frame, 0);
    });
}

#[test]
fn memory_is_clean_until_it_was_handed_out_once() {
    with_frames(0..1024, |allocator| {
        assert!(allocator.allocate_run(3).unwrap().clean);
        assert!(allocator.allocate(0).unwrap().clean, "the tail of a run was not handed out");
        allocator.free_run(0, 4).unwrap();
        assert!(!allocator.allocate(0).unwrap().clean);
        assert!(allocator.allocate(3).is_none_or(|block| block.frame >= 4));
        allocator.mark_dirty_below(512);
        assert!(!allocator.allocate(6).unwrap().clean);
        assert!(allocator.allocate(9).unwrap().clean);
    });
}

#[test]
fn the_peak_stays() {
    with_frames(0..64, |allocator| {
        allocator.allocate_run(33).unwrap();
        allocator.free_run(0, 33).unwrap();
        let counts = allocator.counts();
        assert_eq!((counts.total, counts.free, counts.used, counts.peak), (64, 64, 0, 33));
    });
}

#[test]
fn frames_set_aside_count_as_free() {
    with_frames(0..64, |allocator| {
        allocator.allocate_run(32).unwrap();
        allocator.set_aside(32);
        allocator.allocate_run(16).unwrap();
        assert_eq!((allocator.counts().free, allocator.counts().used, allocator.counts().peak), (48, 16, 32));
        allocator.take_aside(32);
        assert_eq!((allocator.counts().free, allocator.counts().used, allocator.counts().peak), (16, 48, 48));
    });
}

#[test]
fn the_largest_partition_needs_little_storage() {
    let frames = (384 << 30) >> 12;
    assert!(FrameAllocator::storage_words(frames) * 8 < 26 << 20);
}

/// The first position, aligned to `1 << order`, from which on `1 << order` frames are free.
fn lowest_free(free: &[bool], first: u64, order: u8) -> Option<u64> {
    let size = 1usize << order;
    let start = usize::try_from(first.next_multiple_of(1 << order) - first).unwrap();
    (start..free.len())
        .step_by(size)
        .find(|&at| at + size <= free.len() && free[at..at + size].iter().all(|&free| free))
        .map(|at| first + at as u64)
}

#[derive(Clone, Debug)]
enum Step {
    Allocate(u8),
    AllocateRun(u64),
    FreeOne(usize),
    FreeAnywhere(u64, u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0u8..8).prop_map(Step::Allocate),
        2 => (1u64..100).prop_map(Step::AllocateRun),
        3 => any::<usize>().prop_map(Step::FreeOne),
        1 => (0u64..2100, 1u64..40).prop_map(|(frame, frames)| Step::FreeAnywhere(frame, frames)),
    ]
}

struct Model {
    first: u64,
    free: Vec<bool>,
    held: Vec<(u64, u64)>,
}

impl Model {
    fn set(&mut self, frame: u64, frames: u64, free: bool) {
        let start = usize::try_from(frame - self.first).unwrap();
        self.free[start..start + usize::try_from(frames).unwrap()].fill(free);
    }

    fn expect(&mut self, order: u8, frames: u64) -> Option<u64> {
        let frame = lowest_free(&self.free, self.first, order)?;
        self.set(frame, frames, false);
        self.held.push((frame, frames));
        Some(frame)
    }

    fn is_used(&self, frame: u64, frames: u64) -> bool {
        (frame..frame + frames).all(|frame| {
            let at = frame.checked_sub(self.first).and_then(|at| usize::try_from(at).ok());
            at.and_then(|at| self.free.get(at)) == Some(&false)
        })
    }
}

fn play(allocator: &mut FrameAllocator<'_>, model: &mut Model, step: &Step) {
    match *step {
        Step::Allocate(order) => {
            let got = allocator.allocate(order).map(|block| block.frame);
            assert_eq!(got, model.expect(order, 1 << order));
        }
        Step::AllocateRun(frames) => {
            let order = u8::try_from(frames.next_power_of_two().trailing_zeros()).unwrap();
            assert_eq!(allocator.allocate_run(frames).map(|run| run.frame), model.expect(order, frames));
        }
        Step::FreeOne(which) => {
            if model.held.is_empty() {
                return;
            }
            let (frame, frames) = model.held.swap_remove(which % model.held.len());
            if model.is_used(frame, frames) {
                assert_eq!(allocator.free_run(frame, frames), Ok(()));
                model.set(frame, frames, true);
            } else {
                assert!(allocator.free_run(frame, frames).is_err());
            }
        }
        Step::FreeAnywhere(frame, frames) => {
            let used = model.is_used(frame, frames);
            assert_eq!(allocator.free_run(frame, frames).is_ok(), used);
            if used {
                model.set(frame, frames, true);
            }
        }
    }
}

proptest! {
    #[test]
    fn it_behaves_as_a_list_of_frames(first in 0u64..300, steps in proptest::collection::vec(step(), 1..120)) {
        let frames = 2048;
        with_frames(first..first + frames, |allocator| {
            let mut model = Model { first, free: vec![true; 2048], held: Vec::new() };
            for step in &steps {
                play(allocator, &mut model, step);
                let free = model.free.iter().filter(|&&free| free).count() as u64;
                let counts = allocator.counts();
                assert_eq!((counts.total, counts.free, counts.used), (frames, free, frames - free));
            }
        });
    }

    #[test]
    fn clean_blocks_were_never_handed_out(steps in proptest::collection::vec(step(), 1..120)) {
        with_frames(0..2048, |allocator| {
            let mut touched = vec![false; 2048];
            let mut held = Vec::new();
            for step in &steps {
                let got = match *step {
                    Step::Allocate(order) => allocator.allocate(order).map(|b| (b.frame, 1 << order, b.clean)),
                    Step::AllocateRun(frames) => allocator.allocate_run(frames).map(|r| (r.frame, r.frames, r.clean)),
                    Step::FreeOne(which) if !held.is_empty() => {
                        let (frame, frames) = held.swap_remove(which % held.len());
                        allocator.free_run(frame, frames).unwrap();
                        None
                    }
                    _ => None,
                };
                if let Some((frame, frames, clean)) = got {
                    let range = usize::try_from(frame).unwrap()..usize::try_from(frame + frames).unwrap();
                    assert!(!clean || touched[range.clone()].iter().all(|&touched| !touched));
                    touched[range].fill(true);
                    held.push((frame, frames));
                }
            }
        });
    }
}

//! Headers that chance has made or damaged: whatever is accepted must be safe to load.

use alloc::vec;
use proptest::prelude::*;
use virtio_ikc::address::PAGE_SIZE;
use virtio_ikc::layout::{PROGRAM_END, PROGRAM_START};

use super::{Entry, FIXED, INTERPRETER, LOAD, SHARED, STACK, image, plan_of, program, typical};
use crate::elf::{MapStep, Plan, Role, SegmentPlan};

/// What must be true of every plan that was accepted, wherever it is loaded.
fn check(plan: &Plan) {
    assert!(!plan.segments.is_empty() && plan.alignment.is_power_of_two());
    assert!(plan.highest() <= PROGRAM_END && plan.lowest() <= plan.highest());
    let Ok(bias) = plan.bias(PROGRAM_START) else {
        return;
    };
    let low = plan.lowest().wrapping_add(bias);
    let window = low..low + plan.mapping_bytes();
    let mut last_file = 0..0;
    for step in plan.steps(bias) {
        let range = match step {
            MapStep::File { start, end, offset, .. } => {
                assert!(offset % PAGE_SIZE == 0 && i64::try_from(offset).is_ok());
                last_file = start..end;
                start..end
            }
            MapStep::Zero { start, end, .. } => {
                assert!(!last_file.contains(&start) || start == last_file.start || last_file.end <= start);
                start..end
            }
            MapStep::ClearTail { start, end } => {
                assert!(end == last_file.end && end - start < PAGE_SIZE && last_file.start <= start);
                start & !(PAGE_SIZE - 1)..end
            }
        };
        assert!(range.start < range.end && range.start % PAGE_SIZE == 0 && range.end % PAGE_SIZE == 0);
        assert!(window.start <= range.start && range.end <= window.end && window.end <= PROGRAM_END);
    }
}

/// The bytes that the steps for one segment lay down, as ranges: those of the file and those that are zero.
fn covered(plan: &Plan, segment: &SegmentPlan) -> u64 {
    let alone = Plan { segments: vec![*segment], ..plan.clone() };
    let ends = alone.steps(0).into_iter().map(|step| match step {
        MapStep::File { end, .. } | MapStep::Zero { end, .. } | MapStep::ClearTail { end, .. } => end,
    });
    ends.max().unwrap_or(segment.vaddr)
}

fn entry() -> impl Strategy<Value = Entry> {
    let kind = prop_oneof![4 => Just(LOAD), 1 => Just(INTERPRETER), 1 => Just(STACK), 1 => any::<u32>()];
    let size = prop_oneof![4 => 0u64..0x5000, 1 => any::<u64>()];
    let vaddr = prop_oneof![6 => 0x40_0000u64..0x42_0000, 1 => PROGRAM_END - 0x2000..PROGRAM_END, 1 => any::<u64>()];
    (kind, 0u32..8, 0u64..4, vaddr, size.clone(), size, any::<bool>(), any::<u64>()).prop_map(
        |(kind, flags, page, vaddr, file_size, more, aligned, alignment)| {
            let offset = if aligned { page * PAGE_SIZE + vaddr % PAGE_SIZE } else { alignment };
            (kind, flags, [offset, vaddr, 0, file_size, file_size.wrapping_add(more), alignment])
        },
    )
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), size in any::<u64>()) {
        let head = [&typical(SHARED)[..20], &bytes].concat();
        for role in [Role::Program, Role::Interpreter] {
            if let Ok(plan) = plan_of(role, &head, size) {
                check(&plan);
            }
        }
    }

    #[test]
    fn damaged_headers_are_refused_or_safe(
        damage in proptest::collection::vec((0usize..288, any::<u8>()), 1..6),
        kind in FIXED..=SHARED,
    ) {
        let mut head = typical(kind);
        for (at, byte) in damage {
            head[at] = byte;
        }
        if let Ok(plan) = program(&head) {
            check(&plan);
        }
    }

    #[test]
    fn every_accepted_plan_is_safe_and_covers_its_segments(
        entries in proptest::collection::vec(entry(), 1..5),
        kind in FIXED..=SHARED,
    ) {
        if let Ok(plan) = program(&image(kind, 0x40_0000, &entries)) {
            check(&plan);
            for segment in &plan.segments {
                prop_assert!(covered(&plan, segment) >= segment.end());
            }
        }
    }
}

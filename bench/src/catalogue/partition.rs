//! What a partition costs before its program does anything.

use super::{Benchmark, Goal, Method, Reference};

/// 20 ms.
const START: Goal = Goal::Nanoseconds(20e6);
/// 12 MiB.
const FOOTPRINT: Goal = Goal::Bytes(12.0 * 1024.0 * 1024.0);

pub(super) const ALL: &[Benchmark] = &[
    Benchmark::new("start-true", "start of /bin/true", Method::Start).with_goal(START),
    Benchmark::new("footprint", "memory of VMM, agent and proxy", Method::Footprint)
        .against(Reference::Nothing)
        .with_goal(FOOTPRINT),
];

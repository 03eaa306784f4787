//! Names of the numbers in calls on time.

use super::set::Set;

#[rustfmt::skip]
pub(super) const SETS: &[Set] = &[
    // clock_gettime(2)
    Set {
        name: "clock",
        mask: u32::MAX,
        values: &[
            (0, "CLOCK_REALTIME"), (1, "CLOCK_MONOTONIC"), (2, "CLOCK_PROCESS_CPUTIME_ID"),
            (3, "CLOCK_THREAD_CPUTIME_ID"), (4, "CLOCK_MONOTONIC_RAW"), (5, "CLOCK_REALTIME_COARSE"),
            (6, "CLOCK_MONOTONIC_COARSE"), (7, "CLOCK_BOOTTIME"), (8, "CLOCK_REALTIME_ALARM"),
            (9, "CLOCK_BOOTTIME_ALARM"), (0xb, "CLOCK_TAI"),
        ],
        unknown: "CLOCK_???",
        ..Set::EMPTY
    },
    // timer_settime(2)
    Set {
        name: "timer",
        flags: &[(1, "TIMER_ABSTIME")],
        unknown: "TIMER_???",
        ..Set::EMPTY
    },
    // getitimer(2)
    Set {
        name: "itimer",
        mask: u32::MAX,
        values: &[(0, "ITIMER_REAL"), (1, "ITIMER_VIRTUAL"), (2, "ITIMER_PROF")],
        unknown: "ITIMER_???",
        ..Set::EMPTY
    },
];

//! Threads' turns: scheduling, affinity, futexes.

use super::build::{SELF_SIZED, TIME, WORD, bytes, local, offloaded};
use crate::table::Argument::{Address, Hex, In, Int, Long, Named, Out, Pid, Unused};
use crate::table::Call;

#[rustfmt::skip]
pub(super) const ROWS: &[Call] = &[
    local(24, "sched_yield", &[]),
    local(203, "sched_setaffinity", &[Pid, Int, In(bytes(1))]),
    local(204, "sched_getaffinity", &[Pid, Int, Out(bytes(1))]),
    local(309, "getcpu", &[Out(WORD), Out(WORD), Unused]),
    local(324, "membarrier", &[Named("membarrier"), Hex, Int]),
    local(334, "rseq", &[Address, Hex, Hex, Hex]),
    local(202, "futex", &[Address, Named("futex"), Int, Address, Address, Hex]).restartable(),
    local(273, "set_robust_list", &[Address, Long]),
    local(274, "get_robust_list", &[Pid, Address, Address]),
    local(449, "futex_waitv", &[Address, Int, Hex, In(TIME), Named("clock")]).restartable(),
    local(454, "futex_wake", &[Address, Hex, Int, Hex]),
    local(455, "futex_wait", &[Address, Hex, Hex, Hex, In(TIME), Named("clock")]).restartable(),
    local(456, "futex_requeue", &[Address, Hex, Int, Int]),

    offloaded(140, "getpriority", &[Named("priority"), Int]),
    offloaded(141, "setpriority", &[Named("priority"), Int, Int]),
    offloaded(142, "sched_setparam", &[Pid, In(WORD)]),
    offloaded(143, "sched_getparam", &[Pid, Out(WORD)]),
    offloaded(144, "sched_setscheduler", &[Pid, Named("scheduler"), In(WORD)]),
    offloaded(145, "sched_getscheduler", &[Pid]),
    offloaded(146, "sched_get_priority_max", &[Named("scheduler")]),
    offloaded(147, "sched_get_priority_min", &[Named("scheduler")]),
    offloaded(148, "sched_rr_get_interval", &[Pid, Out(TIME)]),
    offloaded(251, "ioprio_set", &[Int, Int, Hex]),
    offloaded(252, "ioprio_get", &[Int, Int]),
    offloaded(314, "sched_setattr", &[Pid, In(SELF_SIZED), Hex]),
    offloaded(315, "sched_getattr", &[Pid, Out(bytes(2)), Int, Hex]),
];

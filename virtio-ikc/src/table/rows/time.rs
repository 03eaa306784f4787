//! Clocks, sleeps and timers.

use super::build::{EPERM, QUAD, TIME, TIME_PAIR, TIMEX, WORD, local, local_first, offloaded, refused};
use crate::table::Argument::{In, InOut, Int, Named, Out};
use crate::table::{Call, Size};

const HOST_CLOCK: &str = "The host's clock is not a job's to set.";
const SLEEP: &str = "The LWK sleeps on its own timer.";

const TIMERS: &str =
    "Processor time is the program's on the LWK, system time with user time; no alarm clock wakes the machine.";

/// `struct sigevent`.
const SIGEVENT: Size = Size::Fixed(64);

#[rustfmt::skip]
pub(super) const ROWS: &[Call] = &[
    local(96, "gettimeofday", &[Out(TIME), Out(QUAD)]),
    local(201, "time", &[Out(QUAD)]),
    local(228, "clock_gettime", &[Named("clock"), Out(TIME)]),
    local(229, "clock_getres", &[Named("clock"), Out(TIME)]),
    local_first(35, "nanosleep", &[In(TIME), Out(TIME)], SLEEP).interruptible(),
    local_first(230, "clock_nanosleep", &[Named("clock"), Named("timer"), In(TIME), Out(TIME)], SLEEP).interruptible(),
    local(37, "alarm", &[Int]),
    local(36, "getitimer", &[Named("itimer"), Out(TIME_PAIR)]).noted(TIMERS),
    local(38, "setitimer", &[Named("itimer"), In(TIME_PAIR), Out(TIME_PAIR)]).noted(TIMERS),
    local(222, "timer_create", &[Named("clock"), In(SIGEVENT), Out(WORD)]).noted(TIMERS),
    local(223, "timer_settime", &[Int, Named("timer"), In(TIME_PAIR), Out(TIME_PAIR)]),
    local(224, "timer_gettime", &[Int, Out(TIME_PAIR)]),
    local(225, "timer_getoverrun", &[Int]),
    local(226, "timer_delete", &[Int]),
    offloaded(159, "adjtimex", &[InOut(TIMEX)]),
    offloaded(305, "clock_adjtime", &[Named("clock"), InOut(TIMEX)]),
    refused(164, "settimeofday", EPERM, &[In(TIME), In(QUAD)], HOST_CLOCK),
    refused(227, "clock_settime", EPERM, &[Named("clock"), In(TIME)], HOST_CLOCK),
];

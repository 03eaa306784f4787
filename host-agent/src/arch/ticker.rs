//! A timer that sends the calling thread the interrupting signal again and again.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::slice;

use super::raw_call::{Argument, call};
use super::signal::INTERRUPT_SIGNAL;

/// When it comes first and from then on, in nanoseconds: a call that is not interrupted by then waits.
const PERIOD: i64 = 100_000;

/// It ticks as long as this lives.
pub(crate) struct Ticker(u64);

impl Ticker {
    /// Starts it. `None` if there are too many timers (timer_create(2)).
    pub(crate) fn start() -> Option<Self> {
        // SAFETY: all of it are numbers and pointers, of which zeros are valid.
        let mut event: libc::sigevent = unsafe { MaybeUninit::zeroed().assume_init() };
        event.sigev_notify = libc::SIGEV_THREAD_ID;
        event.sigev_signo = INTERRUPT_SIGNAL.cast_signed();
        event.sigev_notify_thread_id = rustix::thread::gettid().as_raw_nonzero().get();
        let mut number = [0_i32];
        let [clock, none] = [Argument::number(libc::CLOCK_MONOTONIC as u64), Argument::NULL];
        let made = [clock, Argument::own_shared(slice::from_ref(&event)), Argument::own(&mut number), none, none, none];
        if call(libc::SYS_timer_create, made) != 0 {
            return None;
        }
        let ticker = Self(u64::from(number[0].cast_unsigned()));
        let period = libc::timespec { tv_sec: 0, tv_nsec: PERIOD };
        let times = [libc::itimerspec { it_interval: period, it_value: period }];
        call(
            libc::SYS_timer_settime,
            [Argument::number(ticker.0), Argument::NULL, Argument::own_shared(&times), none, none, none],
        );
        Some(ticker)
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        let none = Argument::NULL;
        call(libc::SYS_timer_delete, [Argument::number(self.0), none, none, none, none, none]);
    }
}

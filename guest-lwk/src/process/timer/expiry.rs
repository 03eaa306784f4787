//! Arming timers, and what happens when they expire.

use alloc::sync::{Arc, Weak};

use lwk_core::signal::{Signal, SignalInfo, code};

use super::timer::{Kind, State, Timer};
use super::{ProcessorTimers, TimerClock};
use crate::arch::time::{self, Clock};
use crate::process::process::{End, Process};
use crate::process::{exit, signal};
use crate::schedule;

/// How often a clock that can be set is looked at while a timer counts by it, in nanoseconds.
const JUMP_CHECK: u64 = 250_000_000;
/// The least time between expirations of a timer whose signal is ignored: a tick of a 250 Hz kernel.
const IGNORED_INTERVAL: u64 = 4_000_000;

/// Lets `timer` be looked at when it expires.
pub fn arm(timer: &Arc<Timer>, state: &mut State) {
    let Some(deadline) = state.countdown.deadline() else { return };
    match &state.counts_by {
        TimerClock::Real(clock) => {
            let at = if *clock == Clock::Monotonic {
                deadline
            } else {
                let rest = deadline.saturating_sub(time::now(*clock)).min(JUMP_CHECK);
                time::now(Clock::Monotonic).saturating_add(rest)
            };
            state.sleeper = Some(schedule::alarm(at, timer));
        }
        TimerClock::Process(process) => arm_for(process, |process| &process.processor_timers, deadline, timer),
        TimerClock::User(process) => arm_for(process, |process| &process.user_timers, deadline, timer),
        TimerClock::Thread(thread) => {
            if let Some(thread) = thread.upgrade() {
                thread.processor_timers.add(deadline, timer);
                schedule::nudge(&thread);
            }
        }
    }
}

fn arm_for(process: &Weak<Process>, list: fn(&Process) -> &ProcessorTimers, deadline: u64, timer: &Arc<Timer>) {
    let Some(process) = process.upgrade() else { return };
    list(&process).add(deadline, timer);
    // Whoever runs has to arm its vCPU's timer.
    process.all_threads().iter().for_each(schedule::nudge);
}

/// Takes `timer` off whatever list it is on.
pub fn disarm(timer: &Timer, state: &mut State) {
    if let Some(sleeper) = state.sleeper.take() {
        schedule::cancel(&sleeper);
    }
    match &state.counts_by {
        TimerClock::Real(_) => {}
        TimerClock::Process(process) => {
            if let Some(process) = process.upgrade() {
                process.processor_timers.remove(timer);
            }
        }
        TimerClock::User(process) => {
            if let Some(process) = process.upgrade() {
                process.user_timers.remove(timer);
            }
        }
        TimerClock::Thread(thread) => {
            if let Some(thread) = thread.upgrade() {
                thread.processor_timers.remove(timer);
            }
        }
    }
}

/// Tells `process` that it has used too much processor time, or ends it if that is more than `most`.
fn enforce(process: &Arc<Process>, most: u64) {
    if process.processor_time() >= most {
        exit::begin(process, End::Signal(Signal::KILL.number()));
    } else {
        signal::push_for_process(process, SignalInfo::new(Signal::XCPU, code::SI_KERNEL));
    }
}

impl Timer {
    /// Its time may have come. The caller holds no lock.
    pub fn expire(self: &Arc<Self>) {
        let ignored = matches!(&self.kind, Kind::Posix(event) if event.is_ignored());
        if !self.has_expired(ignored) {
            return;
        }
        match &self.kind {
            Kind::Posix(event) if !ignored => event.send(self.stamp()),
            Kind::Posix(_) => {}
            Kind::Limit(process, most) => {
                if let Some(process) = process.upgrade() {
                    enforce(&process, *most);
                }
            }
            Kind::Interval(process, signal) => {
                if let Some(process) = process.upgrade() {
                    signal::push_for_process(&process, SignalInfo::new(*signal, code::SI_KERNEL));
                }
            }
        }
    }

    /// Counts the expiration, if it is one, and arms it for the next. A POSIX timer waits for its signal to be taken first.
    fn has_expired(self: &Arc<Self>, ignored: bool) -> bool {
        let mut state = self.state.lock();
        state.sleeper = None;
        let now = state.counts_by.now();
        if state.is_pending || state.countdown.deadline().is_none_or(|deadline| deadline > now) {
            if !state.is_pending {
                arm(self, &mut state);
            }
            return false;
        }
        if matches!(self.kind, Kind::Posix(_)) && !ignored {
            state.is_pending = true;
            if state.countdown.interval() == 0 {
                state.expirations += state.countdown.advance(now);
            }
            return true;
        }
        let until = if ignored { now + IGNORED_INTERVAL } else { now };
        state.countdown.advance(until);
        arm(self, &mut state);
        true
    }
}

//! One timer.

use alloc::sync::{Arc, Weak};

use lwk_core::signal::{Signal, SignalInfo};
use lwk_core::timer::Countdown;
use spin::Mutex;

use super::posix::Event;
use super::{TimerClock, expiry};
use crate::process::process::Process;
use crate::schedule::Sleeper;

/// What a timer is set to.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Nanoseconds: until it expires, or the time of its clock at which it does; 0 disarms it.
    pub value: u64,
    /// Nanoseconds after which it expires again, or 0.
    pub interval: u64,
    /// Whether `value` is a time and not a length.
    pub absolute: bool,
}

/// What a timer shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reading {
    /// Nanoseconds until it expires; 0 if it is not armed.
    pub value: u64,
    /// Nanoseconds after which it expires again, or 0.
    pub interval: u64,
}

/// What happens when a timer expires.
pub enum Kind {
    /// What timer_create(2) was told.
    Posix(Event),
    /// The process gets a signal (setitimer(2)).
    Interval(Weak<Process>, Signal),
    /// The process has used the processor time that it may (`RLIMIT_CPU`); it ends when it has used so many nanoseconds.
    Limit(Weak<Process>, u64),
}

/// A timer.
pub struct Timer {
    pub(super) clock: TimerClock,
    pub(super) kind: Kind,
    pub(super) state: Mutex<State>,
}

/// What changes of a timer.
pub struct State {
    pub(super) countdown: Countdown,
    /// The clock it counts by now: for lengths, one that nobody sets.
    pub(super) counts_by: TimerClock,
    pub(super) sleeper: Option<Sleeper>,
    /// Its signal waits to be taken; a timer that repeats stands still meanwhile.
    pub(super) is_pending: bool,
    /// Expirations since its signal was last taken.
    pub(super) expirations: u64,
    /// What timer_getoverrun(2) answers.
    overrun: i32,
    /// Tells signals of earlier settings from those of this one; never 0.
    stamp: u32,
}

impl Timer {
    /// A timer that is not armed.
    pub fn new(clock: TimerClock, kind: Kind) -> Arc<Self> {
        let state = State {
            countdown: Countdown::DISARMED,
            counts_by: clock.clone(),
            sleeper: None,
            is_pending: false,
            expirations: 0,
            overrun: 0,
            stamp: 1,
        };
        Arc::new(Self { clock, kind, state: Mutex::new(state) })
    }

    /// Sets it; answers what it showed before. A signal of its that still waits counts for nothing any more.
    pub fn set(self: &Arc<Self>, setting: Setting) -> Reading {
        let old = {
            let mut state = self.state.lock();
            let old = self.read_with(&mut state);
            expiry::disarm(self, &mut state);
            let counts_by = if setting.absolute { self.clock.clone() } else { self.clock.for_lengths() };
            let start = if setting.absolute { 0 } else { counts_by.now() };
            state.countdown = match setting.value {
                0 => Countdown::DISARMED,
                value => Countdown::new(start.saturating_add(value), setting.interval),
            };
            state.counts_by = counts_by;
            (state.is_pending, state.expirations, state.overrun) = (false, 0, 0);
            state.stamp = state.stamp.wrapping_add(1).max(1);
            old
        };
        if let Kind::Posix(event) = &self.kind {
            event.withdraw();
        }
        let mut state = self.state.lock();
        if !self.is_silent() && !state.is_pending {
            expiry::arm(self, &mut state);
        }
        old
    }

    /// What it shows.
    pub fn read(&self) -> Reading {
        self.read_with(&mut self.state.lock())
    }

    /// A timer that stands still is read as if it had gone on.
    fn read_with(&self, state: &mut State) -> Reading {
        let interval = state.countdown.interval();
        let now = state.counts_by.now();
        let stands_still = state.is_pending || self.is_silent();
        if stands_still && interval != 0 {
            state.expirations += state.countdown.advance(now);
        }
        let Some(deadline) = state.countdown.deadline() else { return Reading::default() };
        let is_over = self.is_silent() && deadline <= now;
        // One that is about to expire is armed still.
        let value = if is_over { 0 } else { deadline.saturating_sub(now).max(1) };
        Reading { value, interval }
    }

    /// Whether nobody is told when it expires (`SIGEV_NONE`).
    fn is_silent(&self) -> bool {
        matches!(&self.kind, Kind::Posix(event) if event.target.is_none())
    }

    /// What timer_getoverrun(2) answers.
    pub fn overrun(&self) -> i32 {
        self.state.lock().overrun
    }

    /// What its next signal is stamped with.
    pub(super) fn stamp(&self) -> u32 {
        self.state.lock().stamp
    }

    /// A thread takes its signal `information`; from now on it counts again. `None` if the signal is one of an earlier setting.
    pub fn taken(self: &Arc<Self>, information: &SignalInfo, stamp: u32) -> Option<SignalInfo> {
        let mut state = self.state.lock();
        if state.stamp != stamp {
            return None;
        }
        state.is_pending = false;
        if state.countdown.interval() != 0 && state.countdown.deadline().is_some() {
            let now = state.counts_by.now();
            state.expirations += state.countdown.advance(now);
            expiry::arm(self, &mut state);
        }
        state.overrun = i32::try_from(state.expirations.saturating_sub(1)).unwrap_or(i32::MAX);
        state.expirations = 0;
        Some(information.with_overrun(state.overrun))
    }

    /// If it waits for its signal, which is `signal`, to be taken, it goes on as if it had been.
    pub fn go_on(self: &Arc<Self>, signal: Signal) {
        let mut state = self.state.lock();
        let is_meant = matches!(&self.kind, Kind::Posix(event) if event.signal == signal);
        if is_meant && state.is_pending {
            state.is_pending = false;
            expiry::arm(self, &mut state);
        }
    }

    /// It is deleted, or its process ends.
    pub fn retire(self: &Arc<Self>) {
        self.set(Setting { value: 0, interval: 0, absolute: false });
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(sleeper) = self.state.get_mut().sleeper.take() {
            crate::schedule::cancel(&sleeper);
        }
    }
}

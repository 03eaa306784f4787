//! timer_create(2) and its relatives, setitimer(2), getitimer(2), alarm(2): arguments and checks, in Linux's order.

use alloc::sync::Arc;

use lwk_core::signal::Signal;

use crate::errno::{Errno, SysResult};
use crate::process::thread::Thread;
use crate::process::timer::{Event, Interval, Reading, Setting, Target, TimerClock};

const SECOND: u64 = 1_000_000_000;
const MICROSECOND: u64 = 1000;
/// How an expiration is told (sigevent(3type)).
const SIGEV_SIGNAL: u32 = 0;
const SIGEV_NONE: u32 = 1;
const SIGEV_THREAD: u32 = 2;
const SIGEV_THREAD_ID: u32 = 4;
const TIMER_ABSTIME: u64 = 1;

#[expect(clippy::cast_possible_truncation, reason = "Linux takes the low 32 bits too")]
fn low(value: u64) -> u32 {
    value as u32
}

/// timer_create(2).
pub fn create(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [clock, event, address, ..] = arguments;
    let process = thread.process();
    let given = if event == 0 { None } else { Some(process.space.lock().read::<[u64; 3]>(event)?) };
    let found = TimerClock::named(thread, low(clock));
    // A processor's clock is looked up last.
    if let (Err(error), false) = (&found, low(clock).cast_signed() < 0) {
        return Err(*error);
    }
    let mut event = match given {
        Some(words) => requested_event(thread, words)?,
        None => Event { id: 0, signal: Signal::ALRM, value: 0, target: Some(of_process(thread)) },
    };
    event.id = process.timers.reserve()?;
    if given.is_none() {
        event.value = u64::from(event.id);
    }
    process.space.lock().write(address, &event.id)?;
    process.timers.create(found?, event);
    Ok(0)
}

fn of_process(thread: &Thread) -> Target {
    Target::Process(Arc::downgrade(thread.process()))
}

/// What the first words of a struct sigevent ask for.
fn requested_event(thread: &Thread, [value, how, to]: [u64; 3]) -> Result<Event, Errno> {
    let (number, how) = (low(how), low(how >> 32));
    let target = match how {
        SIGEV_NONE => None,
        SIGEV_SIGNAL | SIGEV_THREAD => Some(of_process(thread)),
        SIGEV_THREAD_ID => {
            let threads = thread.process().all_threads();
            let target = threads.iter().find(|other| other.tid() == low(to)).ok_or(Errno::EINVAL)?;
            Some(Target::Thread(Arc::downgrade(target)))
        }
        _ => return Err(Errno::EINVAL),
    };
    let signal = if target.is_none() { Some(Signal::ALRM) } else { Signal::new(number) };
    Ok(Event { id: 0, signal: signal.ok_or(Errno::EINVAL)?, value, target })
}

/// Nanoseconds of a timespec or timeval whose second word counts units of `unit` nanoseconds.
fn nanoseconds([seconds, rest]: [u64; 2], unit: u64) -> Result<u64, Errno> {
    if seconds > i64::MAX as u64 || rest >= SECOND / unit {
        return Err(Errno::EINVAL);
    }
    Ok(seconds.saturating_mul(SECOND).saturating_add(rest * unit).min(i64::MAX as u64))
}

/// The words of a struct itimerspec or itimerval.
fn words(reading: Reading, unit: u64) -> [u64; 4] {
    let pair = |time: u64| [time / SECOND, time % SECOND / unit];
    let ([a, b], [c, d]) = (pair(reading.interval), pair(reading.value));
    [a, b, c, d]
}

/// timer_settime(2).
pub fn set(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [id, flags, new, old, ..] = arguments;
    let process = thread.process();
    if new == 0 {
        return Err(Errno::EINVAL);
    }
    let [a, b, c, d] = process.space.lock().read::<[u64; 4]>(new)?;
    let (interval, value) = (nanoseconds([a, b], 1)?, nanoseconds([c, d], 1)?);
    let timer = process.timers.find(low(id))?;
    let before = timer.set(Setting { value, interval, absolute: flags & TIMER_ABSTIME != 0 });
    if old != 0 {
        process.space.lock().write(old, &words(before, 1))?;
    }
    Ok(0)
}

/// timer_gettime(2).
pub fn get(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [id, address, ..] = arguments;
    let reading = thread.process().timers.find(low(id))?.read();
    thread.process().space.lock().write(address, &words(reading, 1))?;
    Ok(0)
}

/// timer_getoverrun(2).
pub fn overrun(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let overrun = thread.process().timers.find(low(arguments[0]))?.overrun();
    Ok(u64::from(overrun.unsigned_abs()))
}

/// timer_delete(2).
pub fn delete(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    thread.process().timers.delete(low(arguments[0])).map(|()| 0)
}

/// setitimer(2). Without a new value the timer is disarmed.
pub fn set_interval(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [which, new, old, ..] = arguments;
    let process = thread.process();
    let [a, b, c, d] = if new == 0 { [0; 4] } else { process.space.lock().read::<[u64; 4]>(new)? };
    let (interval, value) = (nanoseconds([a, b], MICROSECOND)?, nanoseconds([c, d], MICROSECOND)?);
    let which = Interval::named(low(which)).ok_or(Errno::EINVAL)?;
    let timer = process.timers.interval_of(process, which);
    let before = timer.set(Setting { value, interval, absolute: false });
    if old != 0 {
        process.space.lock().write(old, &words(visible(before), MICROSECOND))?;
    }
    Ok(0)
}

/// An armed timer never shows less than a microsecond.
fn visible(reading: Reading) -> Reading {
    let least = if reading.value == 0 { 0 } else { MICROSECOND };
    Reading { value: reading.value.max(least), ..reading }
}

/// getitimer(2).
pub fn get_interval(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [which, address, ..] = arguments;
    let which = Interval::named(low(which)).ok_or(Errno::EINVAL)?;
    let process = thread.process();
    let reading = process.timers.interval(which).map_or_else(Reading::default, |timer| timer.read());
    process.space.lock().write(address, &words(visible(reading), MICROSECOND))?;
    Ok(0)
}

/// alarm(2): answers the seconds that were left, rounded, but never to 0.
pub fn alarm(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let value = u64::from(low(arguments[0])) * SECOND;
    let process = thread.process();
    let timer = process.timers.interval_of(process, Interval::Real);
    let left = timer.set(Setting { value, interval: 0, absolute: false }).value;
    let rounded = (left + SECOND / 2) / SECOND;
    Ok(if left != 0 { rounded.max(1) } else { 0 })
}

//! What the host's clocks say at one value of the counter.

use rustix::time::{ClockId, DynamicClockId, clock_gettime, clock_gettime_dynamic};

use crate::arch::processor;

/// Readings of each clock, of which the one with the narrowest bracket counts: an interrupt between two readings of the
/// counter widens it by microseconds.
const TRIES: usize = 8;

/// The host's clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    /// The counter.
    pub(super) ticks: u64,
    /// CLOCK_MONOTONIC then, in nanoseconds.
    pub(super) monotonic: u64,
    /// CLOCK_MONOTONIC_RAW then, in nanoseconds.
    pub(super) raw: u64,
    /// CLOCK_REALTIME less CLOCK_MONOTONIC.
    pub(super) realtime_offset: i64,
    /// CLOCK_BOOTTIME less CLOCK_MONOTONIC.
    pub(super) boottime_offset: i64,
    /// CLOCK_TAI less CLOCK_MONOTONIC.
    pub(super) tai_offset: i64,
}

/// A clock's value at a value of the counter.
#[derive(Clone, Copy)]
struct Reading {
    ticks: u64,
    width: u64,
    nanoseconds: u64,
}

impl Sample {
    /// Samples all clocks.
    pub(super) fn take() -> Self {
        let monotonic = read(|| nanoseconds(ClockId::Monotonic));
        let raw = read(|| nanoseconds(ClockId::MonotonicRaw));
        Self {
            ticks: monotonic.ticks,
            monotonic: monotonic.nanoseconds,
            raw: raw.nanoseconds.saturating_sub(raw_since(&monotonic, &raw)),
            realtime_offset: offset(|| nanoseconds(ClockId::Realtime)),
            boottime_offset: offset(|| nanoseconds(ClockId::Boottime)),
            tai_offset: offset(tai),
        }
    }
}

/// Nanoseconds between the two readings, by the clock that can be read at will; they are a microsecond apart, so that the
/// difference of the clocks' rates does not count.
fn raw_since(earlier: &Reading, later: &Reading) -> u64 {
    let now = read(|| nanoseconds(ClockId::MonotonicRaw));
    let ticks = u128::from(now.ticks.saturating_sub(later.ticks)).max(1);
    let elapsed = u128::from(now.nanoseconds.saturating_sub(later.nanoseconds));
    let scaled = u128::from(later.ticks.saturating_sub(earlier.ticks)) * elapsed / ticks;
    u64::try_from(scaled).unwrap_or(0)
}

fn read(clock: impl Fn() -> u64) -> Reading {
    let readings = (0..TRIES).map(|_| {
        let before = processor::ticks();
        let nanoseconds = clock();
        let width = processor::ticks().saturating_sub(before);
        Reading { ticks: before + width / 2, width, nanoseconds }
    });
    readings.min_by_key(|reading| reading.width).unwrap_or(Reading { ticks: 0, width: 0, nanoseconds: 0 })
}

/// The clock less CLOCK_MONOTONIC, which is read before and after it.
fn offset(clock: impl Fn() -> u64) -> i64 {
    let offsets = (0..TRIES).map(|_| {
        let before = nanoseconds(ClockId::Monotonic);
        let value = clock();
        let width = nanoseconds(ClockId::Monotonic) - before;
        (width, value.wrapping_sub(before + width / 2).cast_signed())
    });
    offsets.min_by_key(|(width, _)| *width).map_or(0, |(_, offset)| offset)
}

fn nanoseconds(clock: ClockId) -> u64 {
    to_nanoseconds(clock_gettime(clock))
}

fn tai() -> u64 {
    clock_gettime_dynamic(DynamicClockId::Tai).map_or_else(|_| nanoseconds(ClockId::Realtime), to_nanoseconds)
}

fn to_nanoseconds(time: rustix::time::Timespec) -> u64 {
    u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0)
}

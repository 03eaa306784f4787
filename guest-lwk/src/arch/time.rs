//! Time: the processor's counter and the clocks that the VMM keeps in the time page.
#![allow(unsafe_code)]

use core::arch::x86_64::_rdtsc;
use core::sync::atomic::{AtomicU32, Ordering, fence};

use virtio_ikc::boot::{ClockBase, TimePage};

use super::{boot, direct_map};

/// Nanoseconds of a second.
const NANOSECONDS: u64 = 1_000_000_000;

/// The time-stamp counter.
pub fn ticks() -> u64 {
    // SAFETY: the VMM leaves RDTSC open to CPL3.
    unsafe { _rdtsc() }
}

/// What RDTSCP and RDPID call this vCPU.
pub fn processor_number() -> u32 {
    let mut number = 0;
    // SAFETY: as for RDTSC; every processor with AVX has the instruction, and it writes nothing else.
    unsafe { core::arch::x86_64::__rdtscp(&raw mut number) };
    number
}

/// A clock of the time page, with Linux's number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Clock {
    /// `CLOCK_REALTIME`.
    Realtime = 0,
    /// `CLOCK_MONOTONIC`.
    Monotonic = 1,
    /// `CLOCK_MONOTONIC_RAW`.
    Raw = 4,
    /// `CLOCK_BOOTTIME`.
    Boottime = 7,
    /// `CLOCK_TAI`.
    Tai = 11,
}

/// A clock as the time page gives it, and the counter read while that held: later, the page could be newer than the counter.
struct Reading {
    base: ClockBase,
    then: u64,
    now: u64,
}

fn page() -> *const TimePage {
    direct_map::address_of(boot::page().time_page) as *const TimePage
}

fn read(clock: Clock) -> Reading {
    let page = page();
    loop {
        // SAFETY: the VMM put the page into the partition's memory; it changes it under the sequence number.
        let (before, reading, after) = unsafe {
            let sequence = &*core::ptr::addr_of!((*page).sequence).cast::<AtomicU32>();
            let before = sequence.load(Ordering::Acquire);
            let base = (&raw const (*page).clocks[clock as usize]).read_volatile();
            let reading = Reading { base, then: (&raw const (*page).tsc).read_volatile(), now: ticks() };
            fence(Ordering::Acquire);
            (before, reading, sequence.load(Ordering::Relaxed))
        };
        if before == after && before & 1 == 0 {
            return reading;
        }
        core::hint::spin_loop();
    }
}

fn base_nanoseconds(base: &ClockBase) -> u64 {
    base.seconds * NANOSECONDS + base.nanoseconds
}

/// Nanoseconds of `clock`.
pub fn now(clock: Clock) -> u64 {
    let Reading { base, then, now } = read(clock);
    base_nanoseconds(&base) + scale(now.saturating_sub(then), base.multiplier)
}

/// Minutes west of Greenwich and the kind of summer time.
pub fn timezone() -> [i32; 2] {
    // SAFETY: as for the clocks; the field is written once, before the LWK starts.
    unsafe { (&raw const (*page()).timezone).read_volatile() }
}

/// `ticks` in nanoseconds.
pub fn nanoseconds(ticks: u64) -> u64 {
    scale(ticks, read(Clock::Monotonic).base.multiplier)
}

fn scale(ticks: u64, multiplier: u64) -> u64 {
    u64::try_from((u128::from(ticks) * u128::from(multiplier)) >> 32).unwrap_or(u64::MAX)
}

/// The TSC at which `CLOCK_MONOTONIC` will be `nanoseconds`.
pub fn deadline_ticks(nanoseconds: u64) -> u64 {
    let Reading { base, then, .. } = read(Clock::Monotonic);
    let ahead = nanoseconds.saturating_sub(base_nanoseconds(&base));
    let ticks = (u128::from(ahead) << 32) / u128::from(base.multiplier.max(1));
    then.saturating_add(u64::try_from(ticks).unwrap_or(u64::MAX))
}

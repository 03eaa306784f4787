//! Time: the processor's counter and the clocks that the VMM keeps in the time page.
#![allow(unsafe_code)]

use core::arch::x86_64::_rdtsc;
use core::sync::atomic::{AtomicU32, Ordering, fence};

use virtio_ikc::boot::TimePage;

use super::{boot, direct_map};

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

/// A clock of the time page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Clock {
    /// `CLOCK_REALTIME`.
    Realtime,
    /// `CLOCK_MONOTONIC`.
    Monotonic,
    /// `CLOCK_MONOTONIC_RAW`.
    Raw,
    /// `CLOCK_BOOTTIME`.
    Boottime,
    /// `CLOCK_TAI`.
    Tai,
}

/// A whole copy of the time page, and the counter read while it held: later, the page could be newer than the counter.
fn snapshot() -> (TimePage, u64) {
    let address = direct_map::address_of(boot::page().time_page) as *const TimePage;
    loop {
        // SAFETY: the VMM put the page into the partition's memory; it changes it under the sequence number.
        let (before, page, now, after) = unsafe {
            let sequence = &*core::ptr::addr_of!((*address).sequence).cast::<AtomicU32>();
            let before = sequence.load(Ordering::Acquire);
            let page = address.read_volatile();
            let now = ticks();
            fence(Ordering::Acquire);
            (before, page, now, sequence.load(Ordering::Relaxed))
        };
        if before == after && before & 1 == 0 {
            return (page, now);
        }
        core::hint::spin_loop();
    }
}

/// Nanoseconds of `clock`.
pub fn now(clock: Clock) -> u64 {
    let (page, now) = snapshot();
    let (base, multiplier) = match clock {
        Clock::Realtime => (page.realtime, page.multiplier),
        Clock::Monotonic => (page.monotonic, page.multiplier),
        Clock::Raw => (page.raw, page.raw_multiplier),
        Clock::Boottime => (page.boottime, page.multiplier),
        Clock::Tai => (page.tai, page.multiplier),
    };
    base + scale(now.saturating_sub(page.tsc), multiplier)
}

/// Minutes west of Greenwich and the kind of summer time.
pub fn timezone() -> [i32; 2] {
    snapshot().0.timezone
}

/// `ticks` in nanoseconds.
pub fn nanoseconds(ticks: u64) -> u64 {
    scale(ticks, snapshot().0.multiplier)
}

fn scale(ticks: u64, multiplier: u64) -> u64 {
    u64::try_from((u128::from(ticks) * u128::from(multiplier)) >> 32).unwrap_or(u64::MAX)
}

/// The TSC at which `CLOCK_MONOTONIC` will be `nanoseconds`.
pub fn deadline_ticks(nanoseconds: u64) -> u64 {
    let (page, _) = snapshot();
    let ahead = nanoseconds.saturating_sub(page.monotonic);
    let ticks = (u128::from(ahead) << 32) / u128::from(page.multiplier.max(1));
    page.tsc.saturating_add(u64::try_from(ticks).unwrap_or(u64::MAX))
}

use std::mem::offset_of;
use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};
use virtio_ikc::boot::{ClockBase, TimePage};
use vm_memory::{Bytes, GuestAddress};

use super::*;

const PAGE: GuestPhysical = GuestPhysical(0x1000);

fn field(memory: &GuestMemoryMmap, offset: usize) -> u64 {
    memory.read_obj(GuestAddress(PAGE.as_u64() + offset as u64)).expect("in memory")
}

/// What a guest would compute.
fn guest(memory: &GuestMemoryMmap, clock: ClockId) -> u64 {
    let place = offset_of!(TimePage, clocks) + clock as usize * size_of::<ClockBase>();
    let [seconds, nanoseconds, multiplier] =
        [offset_of!(ClockBase, seconds), offset_of!(ClockBase, nanoseconds), offset_of!(ClockBase, multiplier)]
            .map(|offset| field(memory, place + offset));
    assert!(nanoseconds < NANOSECONDS, "{clock:?}: {nanoseconds}");
    let ticks = processor::ticks() - field(memory, offset_of!(TimePage, tsc));
    let scaled = (u128::from(ticks) * u128::from(multiplier)) >> 32;
    seconds * NANOSECONDS + nanoseconds + u64::try_from(scaled).expect("small")
}

fn host(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    u64::try_from(time.tv_sec * 1_000_000_000 + time.tv_nsec).expect("after 1970")
}

/// The difference of guest and host, without what passes between the two readings.
fn difference(memory: &GuestMemoryMmap, clock: ClockId) -> u64 {
    let measure = || {
        let before = host(clock);
        let value = guest(memory, clock);
        let after = host(clock);
        (after - before, value.abs_diff(before + (after - before) / 2))
    };
    (0..50).map(|_| measure()).min().expect("measured").1
}

#[test]
fn the_guests_clocks_stay_within_microseconds_of_the_hosts() {
    let memory = GuestMemoryMmap::from_ranges(&[(GuestAddress(0), 0x4000)]).expect("memory");
    let mut clock = Clock::start(memory.clone(), PAGE, measure_tsc_khz());
    std::thread::sleep(FIRST_INTERVAL);
    let started = Instant::now();
    while started.elapsed() < Duration::from_millis(1700) {
        clock.update();
        std::thread::sleep(INTERVAL);
        for id in [ClockId::Monotonic, ClockId::Realtime, ClockId::Boottime, ClockId::MonotonicRaw] {
            let difference = difference(&memory, id);
            assert!(difference < 20_000, "{id:?} is {difference} ns away");
        }
    }
}

#[test]
fn the_nominal_rate_is_measured_well() {
    let (first, second) = (measure_tsc_khz(), measure_tsc_khz());
    assert!(first.abs_diff(second) < first / 1000, "{first} {second}");
}

//! Time for the partition: a page of formulas that turn the time-stamp counter into Linux's clocks.
//!
//! The guest reads the same counter as the host, so it can tell the time without asking anybody, if it knows the rate. Linux
//! changes the rate of its clocks a little all the time (adjtimex(2)); the page therefore has to follow. Twice a
//! second the host's clocks are sampled and the formula is bent towards them: the value at the moment of change stays, the
//! slope makes up for the difference, so that no clock ever jumps or runs backwards because of us.

mod page;
mod sample;
mod steered;

use std::time::Duration;

use virtio_ikc::address::GuestPhysical;
use virtio_ikc::boot::ClockBase;
use vm_memory::GuestMemoryMmap;

use crate::arch::processor;
use page::TimePageWriter;
use sample::Sample;
use steered::Steered;

/// Nanoseconds of a second.
const NANOSECONDS: u64 = 1_000_000_000;

/// Until the second sample: the first formula has the processor's nominal rate, which can be far off.
pub const FIRST_INTERVAL: Duration = Duration::from_millis(50);
/// Between further samples.
pub const INTERVAL: Duration = Duration::from_millis(500);

/// Keeps a time page in step with the host's clocks.
#[derive(Debug)]
pub struct Clock {
    page: TimePageWriter,
    monotonic: Steered,
    raw: Steered,
}

impl Clock {
    /// Writes the page for the first time. `tsc_khz` is the counter's nominal rate.
    #[must_use]
    pub fn start(memory: GuestMemoryMmap, page: GuestPhysical, tsc_khz: u32) -> Self {
        let sample = Sample::take();
        let mut clock = Self {
            page: TimePageWriter::new(memory, page),
            monotonic: Steered::new(sample.ticks, sample.monotonic, tsc_khz),
            raw: Steered::new(sample.ticks, sample.raw, tsc_khz),
        };
        clock.publish(&sample);
        clock
    }

    /// Samples the host's clocks and bends the formulas.
    pub fn update(&mut self) {
        let sample = Sample::take();
        self.publish(&sample);
    }

    fn publish(&mut self, sample: &Sample) {
        let (monotonic, raw) = (&mut self.monotonic, &mut self.raw);
        self.page.change(|page| {
            let now = processor::ticks();
            monotonic.bend(now, sample.ticks, sample.monotonic);
            raw.bend(now, sample.ticks, sample.raw);
            page.tsc = now;
            let since_monotonic = |offset| base(monotonic.value().wrapping_add_signed(offset), monotonic.multiplier());
            let clocks = [
                (libc::CLOCK_MONOTONIC, since_monotonic(0)),
                (libc::CLOCK_MONOTONIC_COARSE, since_monotonic(0)),
                (libc::CLOCK_MONOTONIC_RAW, base(raw.value(), raw.multiplier())),
                (libc::CLOCK_REALTIME, since_monotonic(sample.realtime_offset)),
                (libc::CLOCK_REALTIME_COARSE, since_monotonic(sample.realtime_offset)),
                (libc::CLOCK_BOOTTIME, since_monotonic(sample.boottime_offset)),
                (libc::CLOCK_TAI, since_monotonic(sample.tai_offset)),
            ];
            for (number, base) in clocks {
                if let Some(place) = usize::try_from(number).ok().and_then(|number| page.clocks.get_mut(number)) {
                    *place = base;
                }
            }
        });
    }
}

/// A clock that stands at `nanoseconds` now.
fn base(nanoseconds: u64, multiplier: u64) -> ClockBase {
    ClockBase { seconds: nanoseconds / NANOSECONDS, nanoseconds: nanoseconds % NANOSECONDS, multiplier }
}

/// Ticks of the time-stamp counter in a millisecond, measured against CLOCK_MONOTONIC_RAW; for hosts whose KVM does not tell.
#[must_use]
pub fn measure_tsc_khz() -> u32 {
    let first = Sample::take();
    std::thread::sleep(Duration::from_millis(20));
    let second = Sample::take();
    let nanoseconds = u128::from(second.raw - first.raw).max(1);
    u32::try_from(u128::from(second.ticks - first.ticks) * 1_000_000 / nanoseconds).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;

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
use vm_memory::GuestMemoryMmap;

use crate::arch::processor;
use page::TimePageWriter;
use sample::Sample;
use steered::Steered;

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
            page.monotonic = monotonic.value();
            page.multiplier = monotonic.multiplier();
            page.raw = raw.value();
            page.raw_multiplier = raw.multiplier();
            page.realtime = monotonic.value().wrapping_add_signed(sample.realtime_offset);
            page.boottime = monotonic.value().wrapping_add_signed(sample.boottime_offset);
            page.tai = monotonic.value().wrapping_add_signed(sample.tai_offset);
        });
    }
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

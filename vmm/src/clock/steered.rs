//! One formula: nanoseconds = value + (ticks since - multiplier), bent towards samples.

/// Fraction bits of a multiplier.
const FRACTION: u32 = 32;
/// The slope differs from the measured rate by one part in this many at most: 0.1 %, twice what adjtimex(2) does.
const MOST_CORRECTION: i128 = 1000;
/// Being this far behind is not made up for by slope (the host was suspended, or we were stopped): the clock goes forward at once.
const JUMP: i128 = 10_000_000;
/// Samples closer together than this do not measure the rate again.
const SHORTEST_BASELINE: u64 = 40_000_000;
/// Nanoseconds over which a difference is made up for.
const HORIZON: i128 = 500_000_000;

/// A clock of the time page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Steered {
    /// Where the formula begins, and its value there.
    ticks: u64,
    value: u64,
    multiplier: u64,
    /// The clock's own rate, and the sample from which it is measured.
    rate: u64,
    baseline: (u64, u64),
}

impl Steered {
    /// A clock that showed `value` at `ticks` and runs at the nominal rate of the counter.
    pub(super) fn new(ticks: u64, value: u64, tsc_khz: u32) -> Self {
        let rate = ratio(1_000_000, u128::from(tsc_khz.max(1)));
        Self { ticks, value, multiplier: rate, rate, baseline: (ticks, value) }
    }

    /// Begins the formula anew at `now`, where it has the value that it had; from there on it approaches the host's clock, which
    /// showed `host` at `sampled`.
    pub(super) fn bend(&mut self, now: u64, sampled: u64, host: u64) {
        self.measure(sampled, host);
        let reached = self.at(now);
        let target = host + scale(now.saturating_sub(sampled), self.rate);
        let difference = i128::from(target) - i128::from(reached);
        self.ticks = now;
        self.value = if difference > JUMP { target } else { reached };
        self.multiplier = if difference > JUMP { self.rate } else { corrected(self.rate, difference) };
    }

    fn measure(&mut self, sampled: u64, host: u64) {
        let (ticks, value) = self.baseline;
        let (Some(ticks), Some(elapsed)) = (sampled.checked_sub(ticks), host.checked_sub(value)) else { return };
        if elapsed >= SHORTEST_BASELINE && ticks > 0 {
            self.rate = ratio(u128::from(elapsed), u128::from(ticks));
            self.baseline = (sampled, host);
        }
    }

    /// What the formula gives at `ticks`.
    pub(super) fn at(&self, ticks: u64) -> u64 {
        self.value + scale(ticks.saturating_sub(self.ticks), self.multiplier)
    }

    /// The value where the formula begins.
    pub(super) const fn value(&self) -> u64 {
        self.value
    }

    /// Its slope.
    pub(super) const fn multiplier(&self) -> u64 {
        self.multiplier
    }
}

fn corrected(rate: u64, difference: i128) -> u64 {
    let rate = i128::from(rate);
    let most = rate / MOST_CORRECTION;
    let correction = (rate * difference / HORIZON).clamp(-most, most);
    u64::try_from(rate + correction).unwrap_or(0)
}

fn ratio(nanoseconds: u128, ticks: u128) -> u64 {
    u64::try_from((nanoseconds << FRACTION) / ticks).unwrap_or(u64::MAX)
}

fn scale(ticks: u64, multiplier: u64) -> u64 {
    u64::try_from((u128::from(ticks) * u128::from(multiplier)) >> FRACTION).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KHZ: u32 = 2_000_000;

    /// A host whose clock runs 100 ppm fast, sampled every 500 ms with 30 ns of error.
    fn host(ticks: u64) -> u64 {
        1_000 + ticks / 2 + ticks / 20_000
    }

    #[test]
    fn it_comes_within_a_microsecond_of_a_fast_host_and_stays() {
        let mut clock = Steered::new(0, host(0), KHZ);
        for step in 1..20_u64 {
            let now = step * 1_000_000_000;
            clock.bend(now, now - 5000, host(now - 5000) + step % 2 * 30);
            let difference = host(now + 999_999_999).abs_diff(clock.at(now + 999_999_999));
            assert!(step < 3 || difference < 1000, "{step}: {difference}");
        }
    }

    #[test]
    fn it_never_runs_backwards_or_jumps_when_it_is_bent() {
        let mut clock = Steered::new(0, 5_000_000, KHZ);
        let mut last = clock.at(0);
        for now in (0..4_000_000_000_u64).step_by(1_000_000) {
            if now % 1_000_000_000 == 0 {
                clock.bend(now, now, now / 2);
            }
            let value = clock.at(now);
            assert!(value >= last && value - last < 510_000, "{now}");
            last = value;
        }
    }

    #[test]
    fn a_suspended_host_is_caught_up_with_at_once() {
        let mut clock = Steered::new(0, 0, KHZ);
        clock.bend(2_000_000, 2_000_000, 60_000_000_000);
        assert_eq!(clock.at(2_000_000), 60_000_000_000);
    }
}

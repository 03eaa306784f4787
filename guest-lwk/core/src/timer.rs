//! When a timer expires, and how often it has.
//!
//! The rules are those of Linux's kernel/time/posix-timers.c: a timer that repeats keeps to its grid however late it is looked at, and
//! counts what it missed.

/// A timer's setting: the time of its clock at which it expires next, and the interval at which it repeats; nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Countdown {
    deadline: Option<u64>,
    interval: u64,
}

impl Countdown {
    /// A timer that is not armed.
    pub const DISARMED: Self = Self { deadline: None, interval: 0 };

    /// One that expires at `deadline` and then, unless `interval` is 0, again and again.
    #[must_use]
    pub const fn new(deadline: u64, interval: u64) -> Self {
        Self { deadline: Some(deadline), interval }
    }

    /// When it expires next.
    #[must_use]
    pub const fn deadline(&self) -> Option<u64> {
        self.deadline
    }

    /// How often it repeats, or 0.
    #[must_use]
    pub const fn interval(&self) -> u64 {
        self.interval
    }

    /// How often it has expired up to `now`; after this it expires later than `now`, or not any more if it does not repeat.
    pub fn advance(&mut self, now: u64) -> u64 {
        let Some(late) = self.deadline.and_then(|deadline| now.checked_sub(deadline)) else { return 0 };
        if self.interval == 0 {
            self.deadline = None;
            return 1;
        }
        let expired = late / self.interval + 1;
        let passed = expired.saturating_mul(self.interval);
        self.deadline = self.deadline.map(|deadline| deadline.saturating_add(passed));
        expired
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_timer_that_is_not_armed_never_expires() {
        assert_eq!(Countdown::DISARMED.clone().advance(u64::MAX), 0);
    }

    #[test]
    fn a_timer_without_interval_expires_once() {
        let mut timer = Countdown::new(100, 0);
        assert_eq!((timer.advance(99), timer.advance(100), timer.advance(1000)), (0, 1, 0));
        assert_eq!(timer.deadline(), None);
    }

    #[test]
    fn missed_expirations_count_and_the_grid_stays() {
        let mut timer = Countdown::new(100, 10);
        assert_eq!((timer.advance(125), timer.deadline()), (3, Some(130)));
        assert_eq!((timer.advance(130), timer.deadline()), (1, Some(140)));
    }

    proptest! {
        #[test]
        fn looking_often_counts_as_looking_once(
            first in 0_u64..1000, interval in 1_u64..50, mut looks in proptest::collection::vec(0_u64..5000, 1..20),
        ) {
            looks.sort_unstable();
            let (mut often, mut once) = (Countdown::new(first, interval), Countdown::new(first, interval));
            let counted: u64 = looks.iter().map(|now| often.advance(*now)).sum();
            prop_assert_eq!(counted, once.advance(looks[looks.len() - 1]));
            prop_assert_eq!(often, once);
            prop_assert!(often.deadline() > Some(looks[looks.len() - 1]));
        }
    }
}

//! Sets of signals.

use core::ops::{BitAnd, BitOr, Not};

use super::number::Signal;

/// A set of signals as the kernel's `sigset_t` has it: bit 0 is signal 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[repr(transparent)]
pub struct SignalSet(pub u64);

impl SignalSet {
    /// No signal.
    pub const EMPTY: Self = Self(0);
    /// Every signal.
    pub const ALL: Self = Self(u64::MAX);
    /// Those that cannot be blocked, ignored or handled.
    pub const UNSTOPPABLE: Self = Self::of(Signal::KILL).with(Signal::STOP);
    /// Those that stop a process by default.
    pub const STOPPING: Self = Self::of(Signal::STOP).with(Signal::TSTP).with(Signal::TTIN).with(Signal::TTOU);
    /// Those that an instruction causes; they go before others, because the handler must find the instruction.
    pub const SYNCHRONOUS: Self = Self::of(Signal::SEGV)
        .with(Signal::BUS)
        .with(Signal::ILL)
        .with(Signal::TRAP)
        .with(Signal::FPE)
        .with(Signal::SYS);

    /// The set of one signal.
    #[must_use]
    pub const fn of(signal: Signal) -> Self {
        Self(1 << (signal.number() - 1))
    }

    /// The set with `signal` in it.
    #[must_use]
    pub const fn with(self, signal: Signal) -> Self {
        Self(self.0 | Self::of(signal).0)
    }

    /// The set without the members of `others`.
    #[must_use]
    pub const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// Whether `signal` is in it.
    #[must_use]
    pub const fn contains(self, signal: Signal) -> bool {
        self.0 & Self::of(signal).0 != 0
    }

    /// Whether nothing is in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The member with the lowest number.
    #[must_use]
    pub const fn lowest(self) -> Option<Signal> {
        if self.is_empty() { None } else { Signal::new(self.0.trailing_zeros() + 1) }
    }

    /// The set as a mask of blocked signals: without those that cannot be blocked (sigprocmask(2)).
    #[must_use]
    pub const fn as_mask(self) -> Self {
        self.without(Self::UNSTOPPABLE)
    }
}

impl BitOr for SignalSet {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitAnd for SignalSet {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl Not for SignalSet {
    type Output = Self;

    fn not(self) -> Self {
        Self(!self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_those_of_the_kernels_set() {
        assert_eq!(SignalSet::of(Signal::HUP).0, 1);
        assert_eq!(SignalSet::of(Signal::LAST).0, 1 << 63);
        assert_eq!(SignalSet::ALL.as_mask().0, !0x0004_0100);
    }

    #[test]
    fn the_lowest_member_is_found() {
        assert_eq!(SignalSet::EMPTY.lowest(), None);
        assert_eq!(SignalSet::of(Signal::LAST).lowest(), Some(Signal::LAST));
        assert_eq!(SignalSet::of(Signal::TERM).with(Signal::INT).lowest(), Some(Signal::INT));
    }
}

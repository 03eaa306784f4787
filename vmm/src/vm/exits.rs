//! Why a vCPU's thread left the guest, counted.

use std::sync::atomic::{AtomicU64, Ordering};

/// A kind of exit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitReason {
    /// The guest read a register of the device.
    DeviceRead,
    /// The guest wrote a register of the device.
    DeviceWrite,
    /// A signal: the partition ends.
    Signal,
    /// The guest cannot go on.
    Fatal,
}

impl ExitReason {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::DeviceRead, Self::DeviceWrite, Self::Signal, Self::Fatal];

    /// Its name in `--stats`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DeviceRead => "device_read",
            Self::DeviceWrite => "device_write",
            Self::Signal => "signal",
            Self::Fatal => "fatal",
        }
    }
}

/// How often each happened, on all vCPUs together.
#[derive(Debug, Default)]
pub struct ExitCounts([AtomicU64; ExitReason::ALL.len()]);

impl ExitCounts {
    /// Counts one.
    pub(super) fn count(&self, reason: ExitReason) {
        self.0[reason as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How many of a kind there were.
    #[must_use]
    pub fn of(&self, reason: ExitReason) -> u64 {
        self.0[reason as usize].load(Ordering::Relaxed)
    }
}

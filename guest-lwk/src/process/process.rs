//! A process: an address space, and what its threads share.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use spin::Mutex;

use super::signal::SharedSignals;
use crate::arch::time::{self, Clock};
use crate::memory::space::AddressSpace;

/// A limit of getrlimit(2): soft and hard.
pub type Limit = (u64, u64);

/// A process. Its pid is that of its proxy.
pub struct Process {
    pid: u32,
    parent: u32,
    /// Its memory.
    pub space: Mutex<AddressSpace>,
    /// Its signals.
    pub signals: Mutex<SharedSignals>,
    /// Limits that the LWK keeps itself, by their number.
    pub limits: Mutex<BTreeMap<u64, Limit>>,
    /// The name that prctl(2) shows: 15 bytes.
    pub name: Mutex<Vec<u8>>,
    /// personality(2).
    pub personality: AtomicU32,
    /// prctl(2)'s `PR_SET_DUMPABLE`.
    pub dumpable: AtomicU32,
    started: u64,
    /// Ticks its threads spent waiting.
    pub waited_ticks: AtomicU64,
}

impl Process {
    /// A process that starts now.
    pub fn new(pid: u32, parent: u32, space: AddressSpace) -> Self {
        Self {
            pid,
            parent,
            space: Mutex::new(space),
            signals: Mutex::new(SharedSignals::new()),
            limits: Mutex::new(BTreeMap::new()),
            name: Mutex::new(Vec::new()),
            personality: AtomicU32::new(0),
            dumpable: AtomicU32::new(1),
            started: time::now(Clock::Monotonic),
            waited_ticks: AtomicU64::new(0),
        }
    }

    /// Its pid.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Its parent's pid.
    pub fn parent(&self) -> u32 {
        self.parent
    }

    /// Takes the name of the program at `path`.
    pub fn set_name(&self, path: &[u8]) {
        let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
        *self.name.lock() = name[..name.len().min(15)].to_vec();
    }

    /// CPU time used so far, in nanoseconds: all time but that spent waiting for Linux.
    pub fn cpu_time(&self) -> u64 {
        let lived = time::now(Clock::Monotonic).saturating_sub(self.started);
        lived.saturating_sub(time::nanoseconds(self.waited_ticks.load(Ordering::Relaxed)))
    }
}

//! What a thread has spent: its time on a vCPU, the part of it that was not the program's, faults and switches.
//!
//! The calls that the LWK serves itself take about a hundred nanoseconds, of which reading the clock twice would be a good part. So only
//! what takes microseconds counts as system time: a call that Linux serves, its caller's lookout for the reply included, a page fault, a
//! new process or program, memory that is filled in advance. Whatever else a thread does on its vCPU is the program's.

use core::sync::atomic::{AtomicU64, Ordering};

use spin::Mutex;

use super::account::Account;
use crate::arch::time;

/// What a thread has spent.
pub struct Spent {
    /// When it began to run, or the end of time while it does not.
    since: AtomicU64,
    /// Ticks that it ran before.
    ran: AtomicU64,
    system: Mutex<SystemTime>,
    minor_faults: AtomicU64,
    major_faults: AtomicU64,
    voluntary_switches: AtomicU64,
    involuntary_switches: AtomicU64,
}

/// Ticks of a thread that were the system's.
#[derive(Default)]
struct SystemTime {
    total: u64,
    /// How long the thread had run when the system began to work for it, while it does.
    began: Option<u64>,
}

fn add(counter: &AtomicU64, amount: u64) {
    counter.fetch_add(amount, Ordering::Relaxed);
}

fn value(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

impl Spent {
    /// Nothing yet.
    pub fn new() -> Self {
        Self {
            since: AtomicU64::new(u64::MAX),
            ran: AtomicU64::new(0),
            system: Mutex::default(),
            minor_faults: AtomicU64::new(0),
            major_faults: AtomicU64::new(0),
            voluntary_switches: AtomicU64::new(0),
            involuntary_switches: AtomicU64::new(0),
        }
    }

    /// The thread runs from now on.
    pub fn arrive(&self) {
        self.since.store(time::ticks(), Ordering::Relaxed);
    }

    /// It does not any more, because it waits or because it is another one's turn. Answers for how many ticks it ran.
    pub fn leave(&self, waits: bool) -> u64 {
        let ran = time::ticks().saturating_sub(self.since.swap(u64::MAX, Ordering::Relaxed));
        add(&self.ran, ran);
        add(if waits { &self.voluntary_switches } else { &self.involuntary_switches }, 1);
        ran
    }

    /// Ticks since it was given its vCPU.
    pub fn slice(&self) -> u64 {
        time::ticks().saturating_sub(value(&self.since))
    }

    /// Does `work`, whose time is the system's.
    pub fn in_system<T>(&self, work: impl FnOnce() -> T) -> T {
        let begins = self.begin();
        let result = work();
        if begins {
            self.end();
        }
        result
    }

    /// Whether the system begins to work with this, and does not already.
    fn begin(&self) -> bool {
        let mut system = self.system.lock();
        let begins = system.began.is_none();
        if begins {
            system.began = Some(self.ticks());
        }
        begins
    }

    fn end(&self) {
        let mut system = self.system.lock();
        if let Some(began) = system.began.take() {
            system.total += self.ticks().saturating_sub(began);
        }
    }

    /// Counts a page fault that was resolved.
    pub fn count_fault(&self, read_a_file: bool) {
        add(if read_a_file { &self.major_faults } else { &self.minor_faults }, 1);
    }

    /// Ticks that it has had a vCPU.
    fn ticks(&self) -> u64 {
        value(&self.ran) + self.slice()
    }

    /// Nanoseconds of processor time.
    pub fn processor_time(&self) -> u64 {
        time::nanoseconds(self.ticks())
    }

    /// All of it, but for memory, which is a process's.
    pub fn account(&self) -> Account {
        let (all, system) = {
            let system = self.system.lock();
            let all = self.ticks();
            (all, system.total + system.began.map_or(0, |began| all.saturating_sub(began)))
        };
        let system = time::nanoseconds(system);
        Account {
            user: time::nanoseconds(all).saturating_sub(system),
            system,
            largest: 0,
            minor_faults: value(&self.minor_faults),
            major_faults: value(&self.major_faults),
            voluntary_switches: value(&self.voluntary_switches),
            involuntary_switches: value(&self.involuntary_switches),
        }
    }
}

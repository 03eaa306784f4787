//! What the scheduler knows of each vCPU.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};

use spin::{Mutex, Once};

use super::timer::{Due, Sleeping};
use crate::arch::{boot, current, time};
use crate::process::thread::Thread;

/// How long a thread runs at most while others wait for its vCPU, in microseconds.
const SLICE_MICROSECONDS: u64 = 4000;

/// What a vCPU does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum State {
    /// It runs a thread.
    Busy,
    /// It looks for one.
    Idle,
    /// It sleeps until an interrupt.
    Halted,
}

/// One vCPU.
pub struct Vcpu {
    /// Its index.
    pub index: usize,
    runnable: Mutex<VecDeque<Arc<Thread>>>,
    /// How many are in `runnable`, to be read without its lock.
    count: AtomicUsize,
    /// The thread that runs here.
    pub current: Mutex<Option<Arc<Thread>>>,
    /// The thread that ran here before, until its stack has been left.
    pub previous: Mutex<Option<Arc<Thread>>>,
    /// The stack pointer of the idle loop while a thread runs.
    pub idle_stack: AtomicU64,
    state: AtomicU32,
    /// The page table in use.
    pub root: AtomicU64,
    slice_end: AtomicU64,
    /// Who sleeps here until when (nanoseconds of `CLOCK_MONOTONIC`, and a number that makes it unique).
    pub sleepers: Mutex<BTreeMap<(u64, u64), Sleeping>>,
    /// What has come up since and is not done yet.
    pub due: Mutex<Vec<Due>>,
    /// Whether its idle loop handles events.
    pub handling_events: AtomicBool,
    /// When its record was made, in ticks.
    since: u64,
    /// Ticks that threads have run here, the one that runs now left out.
    busy_ticks: AtomicU64,
    /// Whether its timer has been prepared.
    pub has_timer: AtomicBool,
    /// The TSC value at which the timer interrupts, or `u64::MAX`.
    pub alarm: AtomicU64,
}

static VCPUS: Once<Vec<Vcpu>> = Once::new();

/// Makes the records of `count` vCPUs.
pub fn initialise(count: usize) {
    VCPUS.call_once(|| (0..count).map(Vcpu::new).collect());
}

/// All vCPUs.
pub fn all() -> &'static [Vcpu] {
    VCPUS.get().map_or(&[], Vec::as_slice)
}

/// The vCPU this code runs on.
///
/// # Panics
/// Before [`initialise`].
pub fn this() -> &'static Vcpu {
    &all()[current::vcpu()]
}

/// A thread has run on `vcpu` for `ticks`.
pub fn count_busy(vcpu: usize, ticks: u64) {
    all()[vcpu].busy_ticks.fetch_add(ticks, Ordering::Relaxed);
}

/// How many ticks each vCPU has run threads, and how many it has not, since the LWK was started.
pub fn times() -> Vec<(u64, u64)> {
    let times = |vcpu: &Vcpu| {
        let running = vcpu.current.lock().as_ref().map_or(0, |thread| thread.spent.slice());
        let busy = vcpu.busy_ticks.load(Ordering::Relaxed) + running;
        (busy, time::ticks().saturating_sub(vcpu.since).saturating_sub(busy))
    };
    all().iter().map(times).collect()
}

/// Whether somebody waits for this vCPU.
pub fn others_wait() -> bool {
    this().others_wait()
}

impl Vcpu {
    fn new(index: usize) -> Self {
        Self {
            index,
            runnable: Mutex::new(VecDeque::new()),
            count: AtomicUsize::new(0),
            current: Mutex::new(None),
            previous: Mutex::new(None),
            idle_stack: AtomicU64::new(0),
            state: AtomicU32::new(State::Idle as u32),
            root: AtomicU64::new(boot::page().page_table.0),
            slice_end: AtomicU64::new(0),
            sleepers: Mutex::new(BTreeMap::new()),
            due: Mutex::new(Vec::new()),
            handling_events: AtomicBool::new(false),
            since: time::ticks(),
            busy_ticks: AtomicU64::new(0),
            has_timer: AtomicBool::new(false),
            alarm: AtomicU64::new(u64::MAX),
        }
    }

    /// How many threads wait for it.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    /// Whether its idle loop waits for a lock while a thread runs.
    pub fn idle_loop_waits(&self) -> bool {
        self.handling_events.load(Ordering::Relaxed)
    }

    /// Whether a thread, or its idle loop, waits for it.
    pub fn others_wait(&self) -> bool {
        self.count() > 0 || self.idle_loop_waits()
    }

    /// Adds a runnable thread.
    pub fn push(&self, thread: Arc<Thread>) {
        let mut runnable = self.runnable.lock();
        runnable.push_back(thread);
        self.count.store(runnable.len(), Ordering::SeqCst);
    }

    /// Takes the runnable thread that has waited longest and may run on vCPU `on`. One whose stack another vCPU has not left yet is
    /// passed over: two vCPUs that waited for each other's threads would wait for ever.
    pub fn take(&self, on: usize) -> Option<Arc<Thread>> {
        if self.count() == 0 {
            return None;
        }
        let is_free = |thread: &Arc<Thread>| !thread.is_on_vcpu() || thread.vcpu() == on;
        let mut runnable = self.runnable.lock();
        let position = runnable.iter().position(|thread| thread.may_run_on(on) && is_free(thread))?;
        let thread = runnable.remove(position);
        self.count.store(runnable.len(), Ordering::SeqCst);
        thread
    }

    /// What it does.
    pub fn is(&self, state: State) -> bool {
        self.state.load(Ordering::SeqCst) == state as u32
    }

    /// Says what it does from now on.
    pub fn set_state(&self, state: State) {
        self.state.store(state as u32, Ordering::SeqCst);
    }

    /// Begins a slice.
    pub fn begin_slice(&self) {
        let ticks = SLICE_MICROSECONDS * u64::from(boot::page().tsc_khz) / 1000;
        self.slice_end.store(crate::arch::time::ticks() + ticks, Ordering::Relaxed);
    }

    /// The TSC value at which the slice is over.
    pub fn slice_end(&self) -> u64 {
        self.slice_end.load(Ordering::Relaxed)
    }
}

//! A thread: registers, an LWK stack, a signal mask, and what the C library asks the kernel to remember.

use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};

use spin::Mutex;
use virtio_ikc::address::{GuestPhysical, PAGE_SIZE};

use super::process::Process;
use super::rseq::Area;
use super::signal::ThreadSignals;
use super::spent::Spent;
use super::timer::ProcessorTimers;
use crate::arch::context::Context;
use crate::arch::fpu::FpuState;
use crate::arch::lock::SleepLock;
use crate::arch::{boot, current, direct_map, registers, switch};
use crate::errno::Errno;
use crate::memory::frames;
use crate::schedule;

/// Whether a thread may be parked.
#[derive(Default)]
pub struct RunState {
    parked: bool,
    /// It was unparked before it parked.
    token: bool,
}

impl RunState {
    /// Whether the thread shall wait; if not, it was unparked before.
    pub fn may_park(&mut self) -> bool {
        self.parked = !self.token;
        self.token = false;
        self.parked
    }

    /// Whether the thread waits.
    pub fn is_parked(&self) -> bool {
        self.parked
    }

    /// Whether the thread waited and can run now; if not, its next wait ends at once.
    pub fn unpark(&mut self) -> bool {
        let parked = self.parked;
        self.parked = false;
        self.token = !parked;
        parked
    }
}

/// A thread.
pub struct Thread {
    me: Weak<Self>,
    tid: AtomicU32,
    process: Arc<Process>,
    vcpu: AtomicUsize,
    on_vcpu: AtomicBool,
    stack: GuestPhysical,
    /// The LWK's stack pointer while it does not run.
    pub saved_stack: AtomicU64,
    /// Whether it waits.
    pub run: Mutex<RunState>,
    /// The vCPUs it may run on, bit by bit; empty: all.
    pub affinity: Mutex<alloc::vec::Vec<u64>>,
    fpu: Mutex<FpuState>,
    /// Its time, its faults and its switches.
    pub spent: Spent,
    /// Whether it handles events.
    pub handling_events: AtomicBool,
    /// How many locks it holds that may be waited for.
    pub locks_held: AtomicUsize,
    /// Whether something came up that it could not handle because of them.
    pub has_deferred: AtomicBool,
    /// The value of [`crate::memory::rewrite::cleared`] when it was in the LWK last.
    pub cleared_seen: AtomicU64,
    /// Whether it is in a call that Linux serves, and signals are left to descriptors.
    pub is_in_linux: AtomicBool,
    /// Timers that count its processor time.
    pub processor_timers: ProcessorTimers,
    killed: AtomicBool,
    /// Its signals.
    pub signals: SleepLock<ThreadSignals>,
    /// `set_tid_address(2)`: where to write 0 and wake when it ends.
    pub clear_tid: AtomicU64,
    /// `set_robust_list(2)`: head and length.
    pub robust_list: Mutex<(u64, u64)>,
    /// Whether it ends and has passed its locks on; set under the lock of `futex`'s owners.
    pub has_left_locks: AtomicBool,
    /// When the interrupted call that is about to go on shall end (nanoseconds of `CLOCK_MONOTONIC`), or 0.
    pub restart_deadline: AtomicU64,
    /// Its area for restartable sequences (rseq(2)).
    pub rseq: Mutex<Option<Area>>,
    rseq_is_stale: AtomicBool,
    /// Bases of FS and GS while it does not run, and where the processor cannot tell.
    pub bases: Mutex<(u64, u64)>,
    /// The name that prctl(2) shows: 15 bytes.
    pub name: Mutex<alloc::vec::Vec<u8>>,
    /// prctl(2)'s `PR_SET_NO_NEW_PRIVS`, `PR_SET_TIMERSLACK` and the like, by option.
    pub settings: Mutex<BTreeMap<u32, u64>>,
}

impl Thread {
    /// A thread of `process` with a stack of its own, on which it begins with `body`. It does not run yet.
    pub fn create(tid: u32, process: Arc<Process>, body: extern "sysv64" fn() -> !) -> Result<Arc<Self>, Errno> {
        let stack = frames::allocate_for_lwk(current::STACK_BYTES).ok_or(Errno::ENOMEM)?;
        let bottom = direct_map::address_of(stack);
        let thread = Arc::new_cyclic(|me| Self {
            me: me.clone(),
            tid: AtomicU32::new(tid),
            process,
            vcpu: AtomicUsize::new(current::vcpu()),
            on_vcpu: AtomicBool::new(false),
            stack,
            saved_stack: AtomicU64::new(0),
            run: Mutex::default(),
            affinity: Mutex::default(),
            fpu: Mutex::new(FpuState::initial()),
            spent: Spent::new(),
            handling_events: AtomicBool::new(false),
            locks_held: AtomicUsize::new(0),
            has_deferred: AtomicBool::new(false),
            cleared_seen: AtomicU64::new(crate::memory::rewrite::cleared()),
            is_in_linux: AtomicBool::new(false),
            processor_timers: ProcessorTimers::new(),
            killed: AtomicBool::new(false),
            signals: SleepLock::new(ThreadSignals::new()),
            clear_tid: AtomicU64::new(0),
            robust_list: Mutex::new((0, 0)),
            has_left_locks: AtomicBool::new(false),
            restart_deadline: AtomicU64::new(0),
            rseq: Mutex::default(),
            rseq_is_stale: AtomicBool::new(false),
            bases: Mutex::new((0, 0)),
            name: Mutex::default(),
            settings: Mutex::default(),
        });
        current::prepare_stack(bottom, Arc::as_ptr(&thread));
        thread.saved_stack.store(switch::prepare(thread.context_address(), body), Ordering::Relaxed);
        Ok(thread)
    }

    /// The same thread, to keep.
    ///
    /// # Panics
    /// Never: whoever has a reference keeps it alive.
    pub fn arc(&self) -> Arc<Self> {
        self.me.upgrade().expect("a thread that is used is alive")
    }

    /// Its tid.
    pub fn tid(&self) -> u32 {
        self.tid.load(Ordering::Relaxed)
    }

    /// Takes the tid that Linux gave it. Nobody knows the thread yet.
    pub fn set_tid(&self, tid: u32) {
        self.tid.store(tid, Ordering::Relaxed);
    }

    /// Gives it the tid of the first thread, whose place it takes (execve(2)).
    pub fn become_first(&self) {
        self.tid.store(self.process.pid(), Ordering::Relaxed);
    }

    /// Takes the name of the program at `path`.
    pub fn set_name(&self, path: &[u8]) {
        let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
        *self.name.lock() = name[..name.len().min(15)].to_vec();
    }

    /// Its process.
    pub fn process(&self) -> &Arc<Process> {
        &self.process
    }

    /// The vCPU it runs on, or ran on last.
    pub fn vcpu(&self) -> usize {
        self.vcpu.load(Ordering::Relaxed)
    }

    /// Whether its stack is in use on a vCPU.
    pub fn is_on_vcpu(&self) -> bool {
        self.on_vcpu.load(Ordering::SeqCst)
    }

    /// Whether it may run on `vcpu`.
    pub fn may_run_on(&self, vcpu: usize) -> bool {
        let affinity = self.affinity.lock();
        affinity.is_empty() || affinity.get(vcpu / 64).is_some_and(|word| word & 1 << (vcpu % 64) != 0)
    }

    /// It is about to run on `vcpu`, as soon as the vCPU it was on has left its stack.
    pub fn take_vcpu(&self, vcpu: usize) {
        while self.on_vcpu.swap(true, Ordering::Acquire) {
            core::hint::spin_loop();
        }
        self.vcpu.store(vcpu, Ordering::SeqCst);
    }

    /// Its registers are put away; its stack is still in use.
    pub fn leave_vcpu(&self) {
        self.fpu.lock().update();
        if let Some(bases) = registers::bases() {
            *self.bases.lock() = bases;
        }
        let ran = self.spent.leave(self.run.lock().is_parked());
        schedule::count_busy(self.vcpu(), ran);
    }

    /// Its stack is not in use any more.
    pub fn release_vcpu(&self) {
        self.on_vcpu.store(false, Ordering::Release);
    }

    /// Its area for restartable sequences has to be looked at before its program goes on.
    pub fn touch_rseq(&self) {
        self.rseq_is_stale.store(true, Ordering::Relaxed);
    }

    /// Whether it has; not any more after this.
    pub fn take_stale_rseq(&self) -> bool {
        self.rseq_is_stale.load(Ordering::Relaxed) && self.rseq_is_stale.swap(false, Ordering::Relaxed)
    }

    /// It runs: its registers are put back.
    pub fn arrive_on_vcpu(&self) {
        self.touch_rseq();
        self.spent.arrive();
        self.fpu.lock().load();
        let (fs, gs) = *self.bases.lock();
        registers::set_fs_base(fs);
        registers::set_gs_base(gs);
    }

    /// Takes over the vector registers and the bases of the running thread `parent`.
    pub fn inherit_registers(&self, parent: &Self) {
        self.fpu.lock().save();
        *self.bases.lock() = registers::bases().unwrap_or(*parent.bases.lock());
    }

    /// Where its registers are saved: the top of its stack, below which the LWK's frames grow.
    pub fn context_address(&self) -> u64 {
        direct_map::address_of(self.stack) + current::STACK_BYTES - size_of::<Context>().next_multiple_of(64) as u64
    }

    /// Sets the registers it starts its program with.
    pub fn set_context(&self, context: &Context) {
        let offset = self.context_address() - direct_map::address_of(self.stack);
        direct_map::write_context(GuestPhysical(self.stack.0 + offset), context);
    }

    /// Lets it end alone.
    pub fn kill(&self) {
        self.killed.store(true, Ordering::SeqCst);
    }

    /// Whether it shall end.
    pub fn is_ending(&self) -> bool {
        self.killed.load(Ordering::SeqCst) || self.process.is_ending()
    }

    /// Whether something is pending that its mask lets through, the end of its process included.
    pub fn has_deliverable_signal(&self) -> bool {
        self.is_ending() || super::signal::has_deliverable(self)
    }

    /// The CPUs it may run on, as `sched_getaffinity(2)` shows them.
    pub fn allowed_vcpus(&self) -> alloc::vec::Vec<u64> {
        let count = boot::page().vcpu_count as usize;
        let mut words = alloc::vec![0_u64; count.div_ceil(64)];
        for vcpu in (0..count).filter(|vcpu| self.may_run_on(*vcpu)) {
            words[vcpu / 64] |= 1 << (vcpu % 64);
        }
        words
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        frames::free_run(self.stack, current::STACK_BYTES / PAGE_SIZE);
    }
}

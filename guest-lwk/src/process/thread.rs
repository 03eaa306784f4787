//! A thread: registers, an LWK stack, a signal mask, and what the C library asks the kernel to remember.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use spin::Mutex;
use virtio_ikc::address::GuestPhysical;

use super::process::Process;
use super::signal::ThreadSignals;
use crate::arch::context::Context;
use crate::arch::{current, direct_map};
use crate::errno::Errno;
use crate::memory::frames;

/// A thread.
pub struct Thread {
    tid: u32,
    process: Arc<Process>,
    vcpu: AtomicUsize,
    stack: GuestPhysical,
    /// Its signals.
    pub signals: Mutex<ThreadSignals>,
    /// `set_tid_address(2)`: where to write 0 and wake when it ends.
    pub clear_tid: AtomicU64,
    /// `set_robust_list(2)`: head and length.
    pub robust_list: Mutex<(u64, u64)>,
    /// Bases of FS and GS, where the processor cannot tell.
    pub bases: Mutex<(u64, u64)>,
    /// prctl(2)'s `PR_SET_NO_NEW_PRIVS`, `PR_SET_TIMERSLACK` and the like, by option.
    pub settings: Mutex<alloc::collections::BTreeMap<u32, u64>>,
}

impl Thread {
    /// A thread of `process` on `vcpu`, with a stack of its own. Threads live as long as the LWK: their number is bounded by
    /// that of the vCPUs and processes of a partition.
    pub fn create(tid: u32, process: Arc<Process>, vcpu: usize) -> Result<&'static Self, Errno> {
        let stack = frames::allocate_for_lwk(current::STACK_BYTES).ok_or(Errno::ENOMEM)?;
        let thread: &'static Self = Box::leak(Box::new(Self {
            tid,
            process,
            vcpu: AtomicUsize::new(vcpu),
            stack,
            signals: Mutex::new(ThreadSignals::new()),
            clear_tid: AtomicU64::new(0),
            robust_list: Mutex::new((0, 0)),
            bases: Mutex::new((0, 0)),
            settings: Mutex::new(alloc::collections::BTreeMap::new()),
        }));
        current::prepare_stack(direct_map::address_of(stack), thread);
        Ok(thread)
    }

    /// Its tid.
    pub fn tid(&self) -> u32 {
        self.tid
    }

    /// Its process.
    pub fn process(&self) -> &Arc<Process> {
        &self.process
    }

    /// The vCPU it runs on.
    pub fn vcpu(&self) -> usize {
        self.vcpu.load(Ordering::Relaxed)
    }

    /// Where its registers are saved: the top of its stack, below which the LWK's frames grow.
    pub fn context_address(&self) -> u64 {
        direct_map::address_of(self.stack) + current::STACK_BYTES - size_of::<Context>().next_multiple_of(64) as u64
    }

    /// Sets the registers it starts its program with.
    pub fn set_context(&self, context: &Context) {
        direct_map::write_context(
            GuestPhysical(self.stack.0 + (self.context_address() - direct_map::address_of(self.stack))),
            context,
        );
    }

    /// Whether a signal is pending that its mask lets through.
    pub fn has_deliverable_signal(&self) -> bool {
        super::signal::has_deliverable(self)
    }
}

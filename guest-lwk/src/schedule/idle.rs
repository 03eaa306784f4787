//! A vCPU with nothing to run: it looks around for a while, then it halts and costs nothing.

use alloc::sync::Arc;
use core::sync::atomic::Ordering;

use virtio_ikc::boot::flag;

use super::poll::{poll, something_is_there};
use super::switch;
use super::vcpu::{self, State, Vcpu};
use crate::arch::{boot, privileged, time};
use crate::ikc::queue::is_linux_asked;
use crate::memory::zeroing;
use crate::process::thread::Thread;
use crate::statistics;

/// How long it looks around.
const SPIN_MICROSECONDS: u64 = 800;
/// The same where the agent's threads run on the partition's CPUs, as long as Linux has nothing to do: about what it takes to halt and to
/// be woken.
const SHARED_SPIN_MICROSECONDS: u64 = 50;

/// The life of a vCPU: its boot stack is where it goes when no thread is left.
pub fn idle() -> ! {
    let vcpu = vcpu::this();
    let mut since = time::ticks();
    loop {
        super::look();
        poll();
        if run_next() || zeroing::zero_a_piece() {
            since = time::ticks();
        } else if time::ticks().wrapping_sub(since) < patience() {
            core::hint::spin_loop();
        } else {
            halt(vcpu);
        }
    }
}

/// How many ticks it looks around before it halts.
fn patience() -> u64 {
    let microseconds = match (boot::may_spin(), boot::has(flag::OWN_CPUS) && !is_linux_asked()) {
        (true, _) => SPIN_MICROSECONDS,
        (false, true) => SHARED_SPIN_MICROSECONDS,
        (false, false) => 0,
    };
    microseconds * u64::from(boot::page().tsc_khz) / 1000
}

/// Runs a thread, if there is one, until the vCPU is idle again; whether there was one.
pub fn run_next() -> bool {
    let vcpu = vcpu::this();
    let Some(next) = find_thread(vcpu) else { return false };
    vcpu.set_state(State::Busy);
    switch::to_thread(vcpu, next);
    vcpu.set_state(State::Idle);
    true
}

/// Its own next thread, or one that waits for another vCPU.
fn find_thread(vcpu: &Vcpu) -> Option<Arc<Thread>> {
    vcpu.take(vcpu.index).or_else(|| vcpu::all().iter().find_map(|other| other.take(vcpu.index)))
}

fn halt(vcpu: &Vcpu) {
    vcpu.set_state(State::Halted);
    super::look_away();
    // The page table of whoever ran here last may be given back while this vCPU sleeps.
    switch::enter_space(vcpu, boot::page().page_table);
    let waiting = vcpu::all().iter().any(|other| other.count() > 0);
    if !waiting && !something_is_there(vcpu) {
        statistics::halt();
        privileged::halt();
    }
    vcpu.set_state(State::Idle);
    core::sync::atomic::fence(Ordering::SeqCst);
}

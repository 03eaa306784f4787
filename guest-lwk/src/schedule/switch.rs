//! Giving the vCPU to another thread, or to nobody.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering};

use virtio_ikc::address::GuestPhysical;

use super::vcpu::{self, Vcpu};
use super::{place, timer};
use crate::arch::{privileged, start, switch};
use crate::process::thread::Thread;
use crate::process::timer as timers;

/// Goes on with the next runnable thread, which may be this one again; if there is none, the vCPU is idle. An idle loop that waits for a
/// lock comes first: it has what others wait for, and lets them run as long as it waits.
pub fn to_next() {
    let vcpu = vcpu::this();
    if vcpu.idle_loop_waits() {
        return to_idle(vcpu);
    }
    let Some(next) = vcpu.take(vcpu.index) else { return to_idle(vcpu) };
    let is_current = vcpu.current.lock().as_ref().is_some_and(|current| Arc::ptr_eq(current, &next));
    if is_current {
        vcpu.begin_slice();
        // Another that could not be taken yet still waits.
        timer::arm();
        return;
    }
    to_thread(vcpu, next);
}

/// Lets all that wait for this vCPU run before this thread goes on.
pub fn to_back() {
    let vcpu = vcpu::this();
    let own = vcpu.current.lock().clone();
    let Some(own) = own else { return };
    vcpu.push(own);
    to_next();
}

/// Goes on with this thread on a vCPU that it may run on.
pub fn to_elsewhere() {
    let own = vcpu::this().current.lock().clone();
    if let Some(own) = own {
        place::enqueue(own);
        to_next();
    }
}

/// Ends the current thread; nobody enqueues it any more.
pub fn leave() -> ! {
    to_next();
    unreachable!("a thread that has ended runs");
}

/// Where a new thread begins on its own stack: its `body` follows.
pub fn begin() {
    arrive();
}

fn to_idle(vcpu: &'static Vcpu) {
    let Some(from) = vcpu.current.lock().take() else { return };
    from.leave_vcpu();
    let save: *const AtomicU64 = &raw const from.saved_stack;
    let load = vcpu.idle_stack.load(Ordering::Relaxed);
    *vcpu.previous.lock() = Some(from);
    switch::switch(save, load);
    arrive();
}

/// Goes from the current thread, or from the idle loop, to `next`. Comes back when it is this one's turn again, maybe on another vCPU.
pub fn to_thread(vcpu: &'static Vcpu, next: Arc<Thread>) {
    super::look_away();
    let from = vcpu.current.lock().take();
    let save: *const AtomicU64 = match &from {
        Some(thread) => {
            thread.leave_vcpu();
            &raw const thread.saved_stack
        }
        None => &raw const vcpu.idle_stack,
    };
    next.take_vcpu(vcpu.index);
    enter_space(vcpu, next.process().root());
    start::use_thread(vcpu.index, &next);
    let load = next.saved_stack.load(Ordering::Relaxed);
    *vcpu.previous.lock() = from;
    *vcpu.current.lock() = Some(next);
    vcpu.begin_slice();
    switch::switch(save, load);
    arrive();
}

/// Makes `root` the page table of this vCPU.
pub fn enter(root: GuestPhysical) {
    enter_space(vcpu::this(), root);
}

/// Makes `root` the page table of `vcpu`, which is this one.
pub fn enter_space(vcpu: &Vcpu, root: GuestPhysical) {
    if vcpu.root.load(Ordering::Relaxed) != root.0 {
        vcpu.root.store(root.0, Ordering::SeqCst);
        privileged::load_page_table(root);
    }
}

/// What is left to do on the new stack: the old one is free now.
fn arrive() {
    let vcpu = vcpu::this();
    let previous = vcpu.previous.lock().take();
    if let Some(previous) = previous {
        previous.release_vcpu();
    }
    let current = vcpu.current.lock().clone();
    if let Some(current) = current {
        current.arrive_on_vcpu();
        if vcpu.others_wait() || timers::next_look(&current).is_some() {
            timer::arm();
        }
    }
}

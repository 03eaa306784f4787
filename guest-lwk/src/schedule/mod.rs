//! Who runs where.
//!
//! Each vCPU has a queue of runnable threads and takes the next from it when its thread waits; with no more threads than
//! vCPUs nothing ever interrupts a program. Only where threads queue up does a timer cut time into slices. The LWK itself is never
//! preempted: a thread gives its vCPU away in [`park`], [`give_way`] and on the way back to its program.
//!
//! All waiting is built on two calls. [`park`] sleeps until somebody calls [`unpark`]; one that comes first is remembered, so
//! whoever waits looks at its condition, parks, and looks again.

mod idle;
mod place;
mod poll;
mod shootdown;
mod switch;
mod timer;
mod vcpu;

pub use idle::idle;
pub use poll::poll;
pub use shootdown::{barrier, flush, forget};
pub use switch::{begin, enter, leave};
pub use timer::{Sleeper, remove as cancel};
pub use vcpu::{count_busy, initialise, others_wait, times};

use alloc::sync::Arc;

use crate::arch::{current, privileged, time};
use crate::ikc::board;
use crate::process::thread::Thread;
use crate::process::timer::Timer;

/// What a vCPU is asked that shall look at its state before its program goes on.
pub const ASK_TO_LOOK: u64 = 1;

/// Says that this vCPU polls until [`look_away`], or until it runs another thread.
pub fn look() {
    board::look(current::vcpu());
}

/// Ends that. What has come up in the meantime is seen to before the program goes on.
pub fn look_away() {
    let vcpu = current::vcpu();
    if board::look_away(vcpu) {
        privileged::ask(vcpu, ASK_TO_LOOK);
    }
}

/// Lets `thread` run.
pub fn start(thread: Arc<Thread>) {
    place::enqueue(thread);
}

/// Waits until [`unpark`] or until `CLOCK_MONOTONIC` shows `deadline` nanoseconds. May come back early.
pub fn park(deadline: Option<u64>) {
    let thread = current::thread();
    if !thread.run.lock().may_park() {
        return;
    }
    let sleeper = deadline.map(|deadline| timer::add(deadline, timer::Sleeping::Thread(thread.arc())));
    switch::to_next();
    if let Some(sleeper) = sleeper {
        timer::remove(&sleeper);
    }
}

/// Ends the wait of `thread`, or its next one.
pub fn unpark(thread: &Arc<Thread>) {
    if thread.run.lock().unpark() {
        place::enqueue(Arc::clone(thread));
    }
}

/// Lets `program_timer` be looked at when `CLOCK_MONOTONIC` shows `deadline`.
pub fn alarm(deadline: u64, program_timer: &Arc<Timer>) -> Sleeper {
    timer::add(deadline, timer::Sleeping::Timer(Arc::downgrade(program_timer)))
}

/// Lets the vCPU that runs `thread` set its timer anew.
pub fn nudge(thread: &Arc<Thread>) {
    if current::try_thread().is_some_and(|own| core::ptr::eq(own, Arc::as_ptr(thread))) {
        timer::arm();
    } else {
        let_look(thread);
    }
}

/// Lets `thread` look at its signals soon, whatever it does.
pub fn kick(thread: &Arc<Thread>) {
    unpark(thread);
    let_look(thread);
}

/// Lets the vCPU that runs `thread` look at its state, if it is another one.
fn let_look(thread: &Arc<Thread>) {
    let vcpu = thread.vcpu();
    if thread.is_on_vcpu() && current::try_thread().is_none_or(|own| !core::ptr::eq(own, Arc::as_ptr(thread))) {
        privileged::ask(vcpu, ASK_TO_LOOK);
        if privileged::is_in_program(vcpu) {
            privileged::interrupt(vcpu);
        }
    }
}

/// Lets others run for whom this thread waits.
pub fn give_way() {
    poll();
    if current::try_thread().is_none() {
        if !idle::run_next() {
            core::hint::spin_loop();
        }
    } else if others_wait() {
        switch::to_back();
    } else {
        core::hint::spin_loop();
    }
}

/// sched_yield(2).
pub fn yield_now() {
    poll();
    if others_wait() {
        switch::to_back();
    }
}

/// Whether sched_yield(2) would come back at once: nobody waits for this vCPU, and nothing has come up.
pub fn is_alone() -> bool {
    let vcpu = vcpu::this();
    !vcpu.others_wait() && privileged::asked(vcpu.index) == 0 && !board::has_news()
}

/// Leaves this vCPU if the current thread may not run on it any more.
pub fn move_if_needed() {
    let thread = current::thread();
    if !thread.may_run_on(thread.vcpu()) {
        switch::to_elsewhere();
    }
}

/// Lets the next thread run if this one's slice is over and there is one.
pub fn end_slice() {
    move_if_needed();
    if others_wait() && time::ticks() >= vcpu::this().slice_end() {
        switch::to_back();
    }
}

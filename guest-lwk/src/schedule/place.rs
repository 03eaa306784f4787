//! Where a thread that can run goes: to the vCPU it was on if that is free, else to one that is, else it queues up.

use alloc::sync::Arc;

use super::ASK_TO_LOOK;
use super::timer;
use super::vcpu::{self, State, Vcpu};
use crate::arch::{current, privileged};
use crate::process::thread::Thread;

/// Puts `thread` into a queue and sees to it that the vCPU looks.
pub fn enqueue(thread: Arc<Thread>) {
    let target = choose(&thread);
    target.push(thread);
    notify(target);
}

fn is_free(vcpu: &Vcpu) -> bool {
    !vcpu.is(State::Busy) && vcpu.count() == 0
}

fn choose(thread: &Thread) -> &'static Vcpu {
    let all = vcpu::all();
    let allowed = |vcpu: &&Vcpu| thread.may_run_on(vcpu.index);
    let last = &all[thread.vcpu()];
    if allowed(&last) && is_free(last) {
        return last;
    }
    if let Some(free) = all.iter().filter(allowed).find(|vcpu| is_free(vcpu)) {
        return free;
    }
    let load = |vcpu: &&Vcpu| vcpu.count() + usize::from(vcpu.is(State::Busy));
    let freest = all.iter().filter(allowed).min_by_key(load).unwrap_or(last);
    if allowed(&last) && load(&last) <= load(&freest) { last } else { freest }
}

fn notify(target: &Vcpu) {
    if target.index == current::vcpu() {
        if target.is(State::Busy) {
            timer::arm();
        }
        return;
    }
    if target.is(State::Halted) {
        return privileged::interrupt(target.index);
    }
    if target.is(State::Busy) {
        // It has to begin to count the slice of the thread that it runs.
        privileged::ask(target.index, ASK_TO_LOOK);
        if privileged::is_in_program(target.index) {
            privileged::interrupt(target.index);
        }
    }
}

//! Looking at everything that may have come up for this vCPU.

use core::sync::atomic::Ordering;

use virtio_ikc::address::GuestPhysical;

use super::shootdown::{DROP, FLUSH};
use super::timer::Due;
use super::vcpu::{self, Vcpu};
use super::{ASK_TO_LOOK, switch, timer};
use crate::arch::{boot, current, privileged};
use crate::ikc::board;
use crate::process::signal::left;

/// Takes what other vCPUs ask, what Linux has for anybody, and the timer.
pub fn poll() {
    privileged::take_pending();
    let vcpu = vcpu::this();
    let asked = privileged::take_asked(vcpu.index);
    serve(vcpu, asked);
    board::collect();
    timer::expire(vcpu);
    if asked & ASK_TO_LOOK != 0 {
        timer::arm();
    }
    handle(vcpu);
}

/// Handles events and timers, but not while this thread (or this idle vCPU) is already about it or holds a lock that they may need:
/// a thread does it then before it goes back to its program.
fn handle(vcpu: &'static Vcpu) {
    if !something_to_handle(vcpu) {
        return;
    }
    let thread = current::try_thread();
    if let Some(thread) = thread.filter(|thread| thread.locks_held.load(Ordering::Relaxed) != 0) {
        return thread.has_deferred.store(true, Ordering::Relaxed);
    }
    let handling = thread.map_or(&vcpu.handling_events, |thread| &thread.handling_events);
    if !handling.swap(true, Ordering::Relaxed) {
        board::handle_events();
        let due = core::mem::take(&mut *vcpu.due.lock());
        due.into_iter().for_each(Due::act);
        if let Some(thread) = thread {
            left::let_go(thread);
        }
        handling.store(false, Ordering::Relaxed);
    }
}

fn something_to_handle(vcpu: &Vcpu) -> bool {
    let has_to_let_go = current::try_thread().is_some_and(|thread| thread.process().left.has_to_let_go());
    board::has_events() || has_to_let_go || !vcpu.due.lock().is_empty()
}

/// Whether [`poll`] would find something.
pub fn something_is_there(vcpu: &Vcpu) -> bool {
    privileged::asked(vcpu.index) != 0 || board::has_news() || timer::is_due(vcpu) || !vcpu.due.lock().is_empty()
}

fn serve(vcpu: &Vcpu, asked: u64) {
    if asked & DROP != 0 && current::try_thread().is_none() {
        switch::enter_space(vcpu, boot::page().page_table);
    }
    if asked & FLUSH != 0 {
        privileged::load_page_table(GuestPhysical(vcpu.root.load(Ordering::Relaxed)));
    }
}

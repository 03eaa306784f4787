//! How threads and processes end. A process's proxy ends the same way, so that Linux tells the parent.

use alloc::sync::Arc;
use core::sync::atomic::Ordering;

use lwk_core::signal::Signal;
use virtio_ikc::message::Operation;

use super::process::{End, Process};
use super::thread::Thread;
use super::{futex, signal, table};
use crate::arch::current;
use crate::arch::lock::SleepLock;
use crate::ikc::request::{self, Draft};
use crate::memory::space::{self, AddressSpace};
use crate::{schedule, statistics};

/// Ends the current process with exit status `status` (its low 8 bits count).
pub fn with_status(status: u64) -> ! {
    process(End::Status((status & 0xff) as u8))
}

/// Ends the current process by `signal`.
pub fn by_signal(signal: Signal) -> ! {
    process(End::Signal(signal.number()))
}

fn process(end: End) -> ! {
    begin(current::thread().process(), end);
    this_thread()
}

/// Lets all threads of `process` end.
pub fn begin(process: &Process, end: End) {
    if process.set_end(end) {
        process.all_threads().iter().for_each(schedule::kick);
    }
}

/// Ends the current thread alone (exit(2)); its process ends with the last one.
pub fn thread_with_status(status: u64) -> ! {
    let thread = current::thread();
    if thread.tid() == thread.process().pid() {
        thread.process().first_status.store((status & 0xff) as u8, Ordering::Relaxed);
    }
    this_thread()
}

/// Ends the current thread.
pub fn this_thread() -> ! {
    let thread = current::thread();
    thread.spent.in_system(|| end_thread(thread));
    schedule::leave()
}

fn end_thread(thread: &Thread) {
    let process = thread.process();
    futex::leave(thread);
    process.leaving.fetch_add(1, Ordering::SeqCst);
    if process.remove_thread(thread) {
        return end_process(process);
    }
    signal::retarget(process);
    if thread.tid() != process.pid() {
        let mut draft = Draft::operation(Operation::THREAD_END);
        draft.arguments([u64::from(thread.tid()), 0, 0, 0, 0, 0]);
        request::announce(draft);
    }
    process.leaving.fetch_sub(1, Ordering::SeqCst);
    // Whoever waits for the others to be gone (execve(2)) looks again.
    process.all_threads().iter().for_each(schedule::unpark);
}

/// The last thread's work: memory first, so that whoever waits for the process finds it free.
fn end_process(process: &Arc<Process>) {
    if let Some(parent) = process.vfork_parent.lock().take() {
        schedule::unpark(&parent);
    }
    process.timers.end();
    statistics::memory();
    let (nothing, root) = space::nothing();
    let space = process.space.replace(nothing, root);
    schedule::enter(root);
    process.usage.saw_resident(release_space(space, false));
    process.leave_account();
    let first_status = process.first_status.load(Ordering::Relaxed);
    let arguments = match process.end().unwrap_or(End::Status(first_status)) {
        End::Status(status) => [u64::from(status), 0, 0, 0, 0, 0],
        End::Signal(signal) => [0, u64::from(signal), 0, 0, 0, 0],
        End::Gone => {
            if process.is_released() {
                bury(process);
            }
            return;
        }
    };
    let mut draft = Draft::operation(Operation::EXIT);
    draft.arguments(arguments);
    request::send_last(draft);
    if process.is_released() {
        bury(process);
    }
}

/// Gives a space back if nobody else has it; the handles of its files as well if the proxy lives on. Answers how many bytes of it
/// were resident.
pub fn release_space(space: Arc<SleepLock<AddressSpace>>, lives_on: bool) -> u64 {
    Arc::into_inner(space).map_or(0, |last| last.into_inner().destroy(lives_on))
}

/// The proxy of `process` has ended, whatever ended it. Nobody will be answered any more, other processes' threads that asked it included.
fn without_proxy(process: &Process) {
    process.set_gone();
    let waiting = process.requests.lock().waiting();
    waiting.iter().for_each(schedule::unpark);
    begin(process, End::Gone);
}

/// Somebody has waited for the process `pid` of the partition: once the call returns nothing of it is left.
pub fn has_been_waited_for(pid: u32) {
    let Some(process) = table::find(pid) else { return };
    without_proxy(&process);
    while !process.threads.lock().is_empty() {
        schedule::give_way();
    }
}

/// The agent says that the proxy of `process` has ended.
pub fn proxy_is_gone(process: &Arc<Process>) {
    without_proxy(process);
    process.set_released();
    if process.threads.lock().is_empty() {
        bury(process);
    }
}

/// Neither threads nor a proxy are left: its queues' memory can be used again.
fn bury(process: &Arc<Process>) {
    if process.requests.lock().free() {
        process.events.lock().free();
        table::remove(process);
    }
}

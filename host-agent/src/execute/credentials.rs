//! Who the program is.
//!
//! Linux keeps credentials for each thread, and any worker may execute any call. So a change is remembered, and each
//! worker makes it its own before its next request. Calls that mean "the caller" by 0 are told the calling thread's tid
//! instead.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::frame::Frame;
use super::{Executor, Refusal};
use crate::arch::{Argument, call};

/// The most changes of a process: each is kept for the threads to come.
const MOST_CHANGES: usize = 1 << 16;

/// A change that succeeded on one thread.
#[derive(Clone, Debug)]
struct Change {
    number: i64,
    numbers: [u64; 6],
    /// Memory that an argument points to: its position and its bytes.
    memory: Vec<(usize, Vec<u8>)>,
}

/// The changes that the program has made, in order.
#[derive(Debug, Default)]
pub(crate) struct Credentials {
    changes: Mutex<Vec<Change>>,
    count: AtomicUsize,
}

/// Whether call `number` changes what Linux keeps for the calling thread.
pub(super) fn changes(number: i64) -> bool {
    matches!(
        number,
        libc::SYS_setuid
            | libc::SYS_setgid
            | libc::SYS_setreuid
            | libc::SYS_setregid
            | libc::SYS_setgroups
            | libc::SYS_setresuid
            | libc::SYS_setresgid
            | libc::SYS_setfsuid
            | libc::SYS_setfsgid
            | libc::SYS_capset
    )
}

/// Whether call `number` has an argument that means the calling thread when it is 0.
pub(super) fn names_the_caller(number: i64) -> bool {
    caller_position(number).is_some()
}

fn caller_position(number: i64) -> Option<usize> {
    match number {
        libc::SYS_sched_setparam
        | libc::SYS_sched_getparam
        | libc::SYS_sched_setscheduler
        | libc::SYS_sched_getscheduler
        | libc::SYS_sched_rr_get_interval
        | libc::SYS_sched_setattr
        | libc::SYS_sched_getattr => Some(0),
        libc::SYS_getpriority | libc::SYS_setpriority | libc::SYS_ioprio_set | libc::SYS_ioprio_get => Some(1),
        _ => None,
    }
}

/// Whether a call may let Linux treat one thread unlike the others.
const fn treats(number: i64) -> bool {
    matches!(
        number,
        libc::SYS_setpriority
            | libc::SYS_ioprio_set
            | libc::SYS_sched_setparam
            | libc::SYS_sched_setscheduler
            | libc::SYS_sched_setattr
    )
}

/// A call whose 0 means the caller.
pub(super) fn of_the_caller(frame: &mut Frame<'_, '_>) -> Result<i64, Refusal> {
    frame.place_all()?;
    let position = caller_position(frame.call.number.into()).unwrap_or(0);
    // PRIO_PROCESS is 0, IOPRIO_WHO_PROCESS is 1; groups and users are not threads.
    let names_thread = match i64::from(frame.call.number) {
        libc::SYS_getpriority | libc::SYS_setpriority => frame.low(0) == 0,
        libc::SYS_ioprio_set | libc::SYS_ioprio_get => frame.low(0) == 1,
        _ => true,
    };
    if names_thread {
        let named = u64::from(frame.low(position));
        let caller = u64::from(frame.request.thread);
        frame.arguments[position] = if named == 0 { Argument::number(caller) } else { frame.pid(named) };
    }
    if treats(frame.call.number.into()) {
        let proxy = frame.executor.proxy;
        proxy.stand_ins.tell_apart(proxy.process);
    }
    frame.run()
}

/// Executes a call that changes credentials, and remembers it.
pub(super) fn change(frame: &mut Frame<'_, '_>) -> Result<i64, Refusal> {
    if frame.executor.proxy.credentials.count.load(Ordering::Relaxed) >= MOST_CHANGES {
        return Err(Refusal::Errno(libc::EAGAIN));
    }
    let memory = copied(frame)?;
    let change = Change { number: frame.call.number.into(), numbers: frame.request.arguments, memory };
    let result = change.make();
    if result >= 0 {
        let credentials = &frame.executor.proxy.credentials;
        let mut changes = credentials.changes.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        changes.push(change);
        credentials.count.store(changes.len(), Ordering::Release);
        // Whatever others changed meanwhile is followed before the next request, and this change once more.
        if frame.executor.credentials + 1 == changes.len() {
            frame.executor.credentials += 1;
        }
        drop(changes);
        frame.executor.proxy.poke_signal_takers();
    }
    Ok(result)
}

fn copied(frame: &mut Frame<'_, '_>) -> Result<Vec<(usize, Vec<u8>)>, Refusal> {
    let mut memory = Vec::new();
    for buffer in frame.request.buffers() {
        let length = usize::try_from(buffer.accessible).ok().filter(|length| *length <= 1 << 20);
        let mut bytes = vec![0; length.ok_or(Refusal::Errno(libc::EINVAL))?];
        frame.executor.copy_in(frame.request, buffer, &mut bytes)?;
        memory.push((usize::from(buffer.argument), bytes));
    }
    if i64::from(frame.call.number) == libc::SYS_capset {
        mean_the_caller(&mut memory, frame.request.process, frame.request.thread);
    }
    Ok(memory)
}

/// capset(2) takes the caller's own number as well as 0, but every thread that follows is another one.
fn mean_the_caller(memory: &mut [(usize, Vec<u8>)], process: u32, thread: u32) {
    let header = memory.iter_mut().find(|(argument, _)| *argument == 0);
    let Some(pid) = header.and_then(|(_, bytes)| bytes.get_mut(4..8)) else { return };
    if [process, thread].iter().any(|own| own.to_ne_bytes() == *pid) {
        pid.fill(0);
    }
}

impl Change {
    fn make(&self) -> i64 {
        let mut arguments = self.numbers.map(Argument::number);
        let mut memory = self.memory.clone();
        for (position, bytes) in &mut memory {
            arguments[*position] = Argument::own(bytes);
        }
        call(self.number, arguments)
    }
}

impl Credentials {
    /// Makes the changes from the `known`th on in the calling thread; answers how many it knows then.
    pub(crate) fn follow(&self, known: usize) -> usize {
        if self.count.load(Ordering::Acquire) == known {
            return known;
        }
        let changes = self.changes.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for change in changes.iter().skip(known) {
            change.make();
        }
        changes.len()
    }
}

impl Executor {
    /// Takes over what other threads changed.
    pub(super) fn follow_credentials(&mut self) {
        self.credentials = self.proxy.credentials.follow(self.credentials);
    }
}

//! clone(2), fork(2), vfork(2): new threads and new processes.
//!
//! A thread takes its tid from a thread of the proxy, a process its pid from a child of the proxy. Everything that can fail here is made
//! before Linux is asked, so that nothing has to be taken back from it.

use alloc::sync::Arc;
use core::sync::atomic::Ordering;

use linux_raw_sys::general as abi;
use virtio_ikc::address::GuestPhysical;
use virtio_ikc::message::Operation;

use super::process::{Channel, Process};
use super::signal::linux;
use super::thread::Thread;
use super::{exit, table};
use crate::arch::context::Context;
use crate::arch::lock::SleepLock;
use crate::arch::{current, start};
use crate::errno::{Errno, SysResult, from_register};
use crate::ikc::board;
use crate::ikc::request::{self, Draft};
use crate::memory::space::AddressSpace;
use crate::schedule;

/// pidfd_open(2).
const PIDFD_OPEN: u16 = 434;
/// `CLONE_CLEAR_SIGHAND`, only of clone3(2).
const CLEAR_HANDLERS: u64 = 0x1_0000_0000;

/// What clone(2) was asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct CloneRequest {
    /// `CLONE_*`.
    pub flags: u64,
    /// The signal that the parent gets at the end, or 0.
    pub exit_signal: u64,
    /// The child's stack pointer, or 0 for the parent's.
    pub stack: u64,
    /// Where the tid is written for the parent.
    pub parent_tid: u64,
    /// Where it is written for the child, and cleared at its end.
    pub child_tid: u64,
    /// The child's thread pointer.
    pub tls: u64,
    /// Where the pidfd is written.
    pub pidfd: u64,
}

impl CloneRequest {
    /// Whether `flag` is set.
    pub fn has(&self, flag: u32) -> bool {
        self.flags & u64::from(flag) != 0
    }
}

/// Serves a request that has been checked.
pub fn clone(thread: &Thread, context: &Context, request: &CloneRequest) -> SysResult {
    thread.spent.in_system(|| {
        if request.has(abi::CLONE_THREAD) {
            new_thread(thread, context, request)
        } else {
            new_process(thread, context, request)
        }
    })
}

/// Where a child begins: it looks whether it may, then goes on in its program.
extern "sysv64" fn child_begins() -> ! {
    schedule::begin();
    start::enter_program()
}

fn new_thread(thread: &Thread, context: &Context, request: &CloneRequest) -> SysResult {
    let process = thread.process();
    let child = Thread::create(0, Arc::clone(process), child_begins)?;
    let asked = request::begin(Draft::operation(Operation::THREAD_START));
    prepare(thread, &child, context, request);
    let tid = from_register(asked.finish().result)?;
    child.set_tid(u32::try_from(tid).map_err(|_| Errno::EAGAIN)?);
    write_tids(thread, &child, request);
    process.threads.lock().push(Arc::clone(&child));
    schedule::start(child);
    Ok(tid)
}

/// Gives `child` the registers and settings that it has from `thread`.
fn prepare(thread: &Thread, child: &Thread, context: &Context, request: &CloneRequest) {
    let mut registers = *context;
    registers.rax = 0;
    registers.original_rax = u64::MAX;
    if request.stack != 0 {
        registers.rsp = request.stack;
    }
    child.set_context(&registers);
    child.inherit_registers(thread);
    if request.has(abi::CLONE_SETTLS) {
        child.bases.lock().0 = request.tls;
    }
    if request.has(abi::CLONE_CHILD_CLEARTID) {
        child.clear_tid.store(request.child_tid, Ordering::Relaxed);
    }
    if !request.has(abi::CLONE_VM) {
        *child.rseq.lock() = *thread.rseq.lock();
    }
    child.affinity.lock().clone_from(&thread.affinity.lock());
    child.name.lock().clone_from(&thread.name.lock());
    child.settings.lock().clone_from(&thread.settings.lock());
    let (mask, alternate) = {
        let own = thread.signals.lock();
        (own.unsaved_mask(), own.alternate)
    };
    let mut signals = child.signals.lock();
    signals.mask = mask;
    if !request.has(abi::CLONE_VM) || request.has(abi::CLONE_VFORK) {
        signals.alternate = alternate;
    }
}

/// Writes the child's tid where it was asked for; as on Linux, an address that cannot be written is nobody's error.
fn write_tids(thread: &Thread, child: &Thread, request: &CloneRequest) {
    if request.has(abi::CLONE_PARENT_SETTID) {
        let _ = thread.process().space.lock().write(request.parent_tid, &child.tid());
    }
    if request.has(abi::CLONE_CHILD_SETTID) {
        let _ = child.process().space.lock().write(request.child_tid, &child.tid());
    }
}

fn new_process(thread: &Thread, context: &Context, request: &CloneRequest) -> SysResult {
    let (space, root) = if request.has(abi::CLONE_VM) {
        (thread.process().space.share(), thread.process().root())
    } else {
        let copy = thread.process().space.lock().fork()?;
        let root = copy.root();
        (Arc::new(SleepLock::new(copy)), root)
    };
    let (child, has_ended) = match make(thread, context, request, Arc::clone(&space), root) {
        Ok(made) => made,
        Err(error) => {
            exit::release_space(space, false);
            return Err(error);
        }
    };
    let process = Arc::clone(child.process());
    if request.has(abi::CLONE_VFORK) {
        *process.vfork_parent.lock() = Some(thread.arc());
    }
    drop(space);
    schedule::start(child);
    // What came before the process could be found.
    board::collect_for(&process);
    board::handle_events_at(process.place());
    if has_ended {
        exit::proxy_is_gone(&process);
    }
    let pid = u64::from(process.pid());
    if request.has(abi::CLONE_VFORK) {
        wait_for_child(thread, &process);
    }
    Ok(pid)
}

/// Makes the child. Answers its thread, and whether its proxy has ended already.
fn make(
    thread: &Thread,
    context: &Context,
    request: &CloneRequest,
    space: Arc<SleepLock<AddressSpace>>,
    root: GuestPhysical,
) -> Result<(Arc<Thread>, bool), Errno> {
    let parent = thread.process();
    let channel = Channel::open()?;
    let places = [channel.place as u64, channel.requests.place().start().0, channel.events.place().start().0];
    let process = Arc::new(Process::new(space, root, channel));
    let child = Thread::create(0, Arc::clone(&process), child_begins);
    let forked = child.and_then(|child| Ok((child, fork_proxy(places, request)?)));
    let (child, pid) = match forked {
        Ok(forked) => forked,
        Err(error) => {
            give_up(parent, &process);
            return Err(error);
        }
    };
    process.set_pid(pid);
    child.set_tid(pid);
    inherit(parent, &process, request);
    if request.has(abi::CLONE_PARENT) {
        process.usage.share_parent(&parent.usage);
    } else {
        process.usage.set_parent(parent);
    }
    prepare(thread, &child, context, request);
    if request.has(abi::CLONE_PIDFD) {
        open_pidfd(thread, pid, request.pidfd);
    }
    write_tids(thread, &child, request);
    process.threads.lock().push(Arc::clone(&child));
    let has_ended = table::add(process);
    Ok((child, has_ended))
}

/// No proxy was made for `child`. But one may have been, and be using the child's queues, if the parent's was killed as it made it.
fn give_up(parent: &Process, child: &Arc<Process>) {
    if parent.is_gone() {
        if table::hold(child) {
            exit::proxy_is_gone(child);
        }
        return;
    }
    child.requests.lock().free();
    child.events.lock().free();
    table::free_place(child.place());
}

/// Lets the proxy make a child; answers its pid.
fn fork_proxy(places: [u64; 3], request: &CloneRequest) -> Result<u32, Errno> {
    let mut draft = Draft::operation(Operation::FORK);
    let flags = request.flags & u64::from(abi::CLONE_PARENT) | request.exit_signal;
    draft.arguments([places[0], places[1], places[2], flags, 0, 0]);
    let pid = from_register(request::send(draft).result)?;
    u32::try_from(pid).map_err(|_| Errno::EAGAIN)
}

/// What a process has from its parent (fork(2)).
fn inherit(parent: &Process, child: &Arc<Process>, request: &CloneRequest) {
    let mut actions = parent.signals.lock().actions.clone();
    if request.flags & CLEAR_HANDLERS != 0 {
        actions.reset_for_exec();
    }
    linux::follow_terminal_signals(child, &actions);
    child.signals.lock().actions = actions;
    child.most_pending.store(parent.most_pending.load(Ordering::Relaxed), Ordering::Relaxed);
    child.left.inherit(&parent.left);
    child.limits.lock().clone_from(&parent.limits.lock());
    let processor_time = child.limits.lock().get(&abi::RLIMIT_CPU.into()).copied();
    if let Some(limit) = processor_time {
        child.timers.limit(child, limit);
    }
    child.personality.store(parent.personality.load(Ordering::Relaxed), Ordering::Relaxed);
    child.dumpable.store(parent.dumpable.load(Ordering::Relaxed), Ordering::Relaxed);
}

fn open_pidfd(thread: &Thread, pid: u32, address: u64) {
    let reply = request::send(Draft::call(PIDFD_OPEN, [u64::from(pid), 0, 0, 0, 0, 0]));
    if let Ok(descriptor) = from_register(reply.result).map(|descriptor| (descriptor & 0xffff_ffff) as u32) {
        // As for the tids.
        let _ = thread.process().space.lock().write(address, &descriptor);
    }
}

/// Waits until `child` has a program of its own or ends (vfork(2)).
fn wait_for_child(thread: &Thread, child: &Process) {
    while !thread.is_ending() {
        let waits = child
            .vfork_parent
            .lock()
            .as_ref()
            .is_some_and(|parent| core::ptr::eq(Arc::as_ptr(parent), current::thread()));
        if !waits {
            return;
        }
        schedule::park(None);
    }
    *child.vfork_parent.lock() = None;
}

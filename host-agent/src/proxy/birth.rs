//! Children: a proxy makes another by fork(2), so that all that Linux keeps of a process is inherited as it is natively.
//!
//! The parent has threads, the child begins with one. So the child takes nothing over that another thread could have been
//! changing: it moves into new structures, and the two that matter are held while Linux copies them. What a child must not
//! inherit, the agent's descriptors of other processes above all, it closes first.

use std::io;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::roster::Roster;
use super::{Crew, Name, Proxy, Queues, StandIns, start, tie};
use crate::arch::{self, SignalSet};
use crate::execute::{Credentials, Files};
use crate::own_descriptors::{OwnFile, close_own_but};
use crate::views::ShownFiles;

/// `CLONE_PARENT` (clone(2)): the child's parent is the caller's.
const SIBLING: u64 = libc::CLONE_PARENT as u64;

/// Children of this process that the LWK is hearing of.
static INTRODUCTIONS: AtomicU32 = AtomicU32::new(0);

/// Waits until the LWK has heard of every child: one that it does not know ends with its parent.
pub(crate) fn finish_introductions() {
    while INTRODUCTIONS.load(Ordering::Acquire) != 0 {
        std::thread::yield_now();
    }
}

/// A child that the LWK has yet to hear of.
#[derive(Debug)]
pub(crate) struct Child {
    /// Its pid.
    pub(crate) process: u32,
    place: usize,
    /// The agent does not report the child's end before this is closed.
    line: OwnFile,
}

impl Child {
    /// The LWK has been told: the child may outlive its parent from now on.
    pub(crate) fn introduce(self, roster: &Roster) {
        roster.enter(self.place, self.process);
        drop(self.line);
        INTRODUCTIONS.fetch_sub(1, Ordering::Release);
    }
}

/// What a child is made with.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Its place on the notice board.
    pub(crate) place: usize,
    /// What it serves.
    pub(crate) queues: Queues,
    /// The exit signal and `CLONE_PARENT`, as flags of clone(2).
    pub(crate) flags: u64,
    /// The thread of the program that forks.
    pub(crate) caller: u32,
}

/// Makes a child of `proxy`, or with `CLONE_PARENT` of its parent.
///
/// # Errors
/// Those of fork(2), pipe(2) and sendmsg(2).
pub(crate) fn fork(proxy: &'static Proxy, plan: Plan) -> io::Result<Child> {
    let Plan { place, queues, flags, caller } = plan;
    // The child has its name from its first moment: that of the thread that made it. A worker's own is nobody's business.
    let name = proxy.name_of(caller);
    let _ = name.map(|name| rustix::thread::set_name(&name));
    let executable = proxy.executable();
    let descriptor = executable.descriptor(&proxy.files);
    let _brief = proxy.brief.write().unwrap_or_else(PoisonError::into_inner);
    let mut files = proxy.files.lock();
    let mut views = proxy.views.lock();
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC)?;
    let line = proxy.own.adopt(writer)?;
    proxy.link.announce(place, reader.as_fd())?;
    drop(reader);
    if let Some(process) = make(flags)? {
        proxy.children.expect(flags);
        // A pipe takes four bytes whole, and nobody else writes to this one.
        rustix::io::write(&line, &process.to_ne_bytes())?;
        // The child has its parent's numbers until it is asked something.
        if let Some(descriptor) = descriptor {
            proxy.wires.roster.set_executable(place, process, descriptor);
        }
        INTRODUCTIONS.fetch_add(1, Ordering::Relaxed);
        return Ok(Child { process, place, line });
    }
    INTRODUCTIONS.store(0, Ordering::Relaxed);
    let files = Files::from(std::mem::take(&mut *files));
    let views = ShownFiles::from(std::mem::take(&mut *views));
    keep_only(proxy, &files, &line);
    arch::block_all_but(SignalSet::INTERRUPT);
    // Open as long as this process lives.
    std::mem::forget(line);
    let is_sibling = flags & SIBLING != 0;
    if is_sibling {
        await_introduction(proxy, place);
    }
    let child = Proxy {
        process: std::process::id(),
        place,
        agent: proxy.agent,
        parent: if is_sibling { tie::parent_now().unwrap_or(0) } else { proxy.process },
        may_spin: proxy.may_spin,
        wires: proxy.wires,
        memory: proxy.memory,
        own: proxy.own,
        link: proxy.link,
        trace: proxy.trace,
        files,
        views,
        // This thread has made every change of the parent's its own, and all other threads come of it.
        credentials: Credentials::default(),
        executable: RwLock::new(Arc::clone(&executable)),
        rounds: AtomicU32::new(0),
        death_signal: 0.into(),
        queues: OnceLock::from(queues),
        crew: Crew::new(),
        left: proxy.left.inherited(),
        children: proxy.children.inherited(),
        stand_ins: StandIns::default(),
        name: Name::default(),
        brief: RwLock::default(),
    };
    start::serve(Box::leak(Box::new(child)))
}

fn make(flags: u64) -> io::Result<Option<u32>> {
    if flags == u64::from(libc::SIGCHLD.cast_unsigned()) { arch::fork() } else { arch::fork_as(flags) }
}

/// Waits until the LWK knows of this process, which `maker` has made. Should that die before, nobody will ever ask this one anything, and Linux
/// does not tell it of the death of somebody who is not its parent.
fn await_introduction(maker: &Proxy, place: usize) {
    let is_known = || maker.wires.roster.process_at(place) == std::process::id();
    let pid = Pid::from_raw(maker.process.cast_signed());
    let Some(Ok(end)) = pid.map(|pid| pidfd_open(pid, PidfdFlags::empty())) else { arch::end_process(1) };
    let moment = Timespec { tv_sec: 0, tv_nsec: 1_000_000 };
    while !is_known() {
        let has_ended = poll(&mut [PollFd::new(&end, PollFlags::IN)], Some(&moment)) != Ok(0);
        if has_ended && !is_known() {
            arch::end_process(1);
        }
    }
}

/// Closes those of our own descriptors that are the parent's alone.
fn keep_only(parent: &Proxy, files: &Files, line: &OwnFile) {
    let mut kept: Vec<u32> = parent.wires.interrupts.iter().chain(parent.trace).map(OwnFile::number).collect();
    kept.extend([parent.link.number(), line.number()]);
    kept.extend(files.numbers());
    kept.sort_unstable();
    close_own_but(|number| kept.binary_search(&number).is_ok());
}

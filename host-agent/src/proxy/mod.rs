//! The proxy: the Linux process that stands for a process of the LWK.
//!
//! Its descriptors, its directory, its credentials, its children and its pid are the program's. Its first thread takes the
//! process's signals, the stand-ins those of the program's other threads; the workers serve the queue: whoever sees a
//! request executes it.

mod birth;
mod children;
mod crew;
mod events;
mod left;
mod link;
mod name;
mod queues;
mod roster;
mod stand_ins;
mod start;
mod tie;
mod turn;
mod wires;
mod worker;

#[cfg(test)]
mod tests;

use std::ffi::CString;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard};

use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use virtio_ikc::notice::FIRST_PLACE;

use crate::execute::{Credentials, Files, Program, Refusal};
use crate::memory::Partition;
use crate::own_descriptors::{OwnDescriptors, OwnFile};
use crate::protocol::FromAgent;
use crate::views::ShownFiles;

use link::answer;

pub(crate) use birth::{Child, Plan, finish_introductions, fork};
pub(crate) use children::Children;
pub(crate) use crew::Crew;
pub(crate) use events::{bytes_of as event_bytes, hand_on_pending};
pub(crate) use left::Left;
pub(crate) use link::{FromProxy, Link};
pub(crate) use name::Name;
pub(crate) use queues::{EventQueue, Queues, RequestQueue, find};
pub(crate) use roster::Roster;
pub(crate) use stand_ins::StandIns;
pub(crate) use start::main;
pub(crate) use tie::die_with;
pub(crate) use turn::Turn;
pub(crate) use wires::{EVENT_VCPU, Wires};
#[cfg(test)]
pub(crate) use worker::start as start_worker;

/// A proxy.
#[derive(Debug)]
pub(crate) struct Proxy {
    /// Its pid, which is the program's.
    pub(crate) process: u32,
    /// Its place on the notice board.
    pub(crate) place: usize,
    /// The agent's pid.
    pub(crate) agent: u32,
    /// Its parent's pid when it was made.
    pub(crate) parent: u32,
    /// Whether its workers may poll.
    pub(crate) may_spin: bool,
    /// The ways to the partition.
    pub(crate) wires: &'static Wires,
    /// The partition's memory.
    pub(crate) memory: &'static Partition,
    /// Where the agent's own descriptors are.
    pub(crate) own: OwnDescriptors,
    /// The way to the agent and the VMM.
    pub(crate) link: &'static Link,
    /// Where lines of the trace go.
    pub(crate) trace: Option<&'static OwnFile>,
    /// The files that mappings need.
    pub(crate) files: Files,
    /// The descriptors that show views.
    pub(crate) views: ShownFiles,
    /// Who the program is.
    pub(crate) credentials: Credentials,
    /// What /proc/self/exe names.
    pub(crate) executable: RwLock<Arc<Program>>,
    /// The signal that the program wants when its parent dies (PR_SET_PDEATHSIG, prctl(2)), or 0.
    pub(crate) death_signal: AtomicU32,
    /// How often its first thread has begun to wait for a signal.
    pub(crate) rounds: AtomicU32,
    /// The queues, once the driver is ready.
    pub(crate) queues: OnceLock<Queues>,
    /// The threads that work for the queue.
    pub(crate) crew: Crew,
    /// The signals that are left to descriptors.
    pub(crate) left: Left,
    /// What the program hears of its children.
    pub(crate) children: Children,
    /// The threads that stand for the program's.
    pub(crate) stand_ins: StandIns,
    /// What it is called.
    pub(crate) name: Name,
    /// Held for reading while a descriptor is open for a moment that no child may inherit.
    pub(crate) brief: RwLock<()>,
}

impl Proxy {
    /// Whether this is the partition's first.
    pub(crate) const fn is_first(&self) -> bool {
        self.place == FIRST_PLACE
    }

    /// Whether the program has a thread with this tid.
    pub(crate) fn has_thread(&self, thread: u32) -> bool {
        thread == self.process || self.stand_ins.has(thread)
    }

    /// Whether the process has a thread with this tid that is none of the program's.
    pub(crate) fn hides_thread(&self, thread: u32) -> bool {
        thread != 0 && (self.stand_ins.waits(thread) || self.crew.works(thread))
    }

    /// What /proc/self/exe names.
    pub(crate) fn executable(&self) -> Arc<Program> {
        Arc::clone(&self.executable.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes that.
    pub(crate) fn set_executable(&self, program: Program) {
        *self.executable.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(program);
        if let Some(number) = self.executable().descriptor(&self.files) {
            self.wires.roster.set_executable(self.place, self.process, number);
        }
    }

    /// The signal that the program wants when its parent dies, or 0.
    pub(crate) fn death_signal(&self) -> u32 {
        self.death_signal.load(Ordering::Relaxed)
    }

    /// Opens descriptors for a moment: no child is made meanwhile.
    pub(crate) fn briefly(&self) -> RwLockReadGuard<'_, ()> {
        self.brief.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls the calling thread as the process is called.
    pub(crate) fn name_this_thread(&self) {
        let name = self.name_of(self.process);
        // Should it have none for want of /proc, it keeps that of whoever made it.
        let _ = name.map(|name| rustix::thread::set_name(&name));
    }

    /// What a thread of the process is called.
    pub(crate) fn name_of(&self, thread: u32) -> Option<CString> {
        if thread == self.process { self.name.get(|| self.read_name(thread)) } else { self.read_name(thread) }
    }

    fn read_name(&self, thread: u32) -> Option<CString> {
        let _brief = self.briefly();
        let mut name = std::fs::read(format!("/proc/self/task/{thread}/comm")).ok()?;
        name.pop_if(|last| *last == b'\n');
        CString::new(name).ok()
    }

    /// Asks the VMM for something, `file` beside it, and waits until it is done.
    ///
    /// # Errors
    /// The errno that the VMM answers, and those of making a pair of sockets.
    pub(crate) fn ask(&self, message: FromAgent, file: Option<BorrowedFd<'_>>) -> Result<(), Refusal> {
        let _brief = self.briefly();
        let (here, there) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        let here = self.files.adopt(self.own, here)?;
        self.link.ask(message, file, there)?;
        answer(&here)
    }

    /// Lets the threads that take signals look at what has changed.
    pub(crate) fn poke_signal_takers(&self) {
        crate::arch::interrupt_thread(self.process, self.process);
        self.stand_ins.poke(self.process);
    }

    /// Ends the partition with a line of text.
    pub(crate) fn fail(&self, violation: &crate::request::Violation) -> ! {
        self.link.fail(&violation.to_string())
    }
}

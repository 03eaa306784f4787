//! The proxy: the Linux process that stands for a process of the LWK.
//!
//! Its descriptors, its directory, its credentials and its pid are the program's. Its first thread takes the
//! process's signals, all others work for the queues: whoever sees a request executes it.

mod crew;
mod events;
mod link;
mod queues;
mod start;
mod turn;
mod worker;

#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use crate::execute::{Credentials, Files};
use crate::memory::{Partition, Shared};
use crate::own_descriptors::{OwnDescriptors, OwnFile};

pub(crate) use crew::Crew;
pub(crate) use link::Link;
pub(crate) use queues::Queues;
pub(crate) use start::{die_with, main};
pub(crate) use turn::Turn;
#[cfg(test)]
pub(crate) use worker::start as start_worker;

/// What `--stats` tells about the agent.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Requests executed.
    pub(crate) requests: AtomicU64,
    /// Times a worker had to be woken by the doorbell.
    pub(crate) wakeups: AtomicU64,
    /// Interrupts sent to vCPUs.
    pub(crate) interrupts: AtomicU64,
}

/// A proxy.
#[derive(Debug)]
pub(crate) struct Proxy {
    /// Its pid, which is the program's.
    pub(crate) process: u32,
    /// The partition's memory.
    pub(crate) memory: Partition,
    /// Where the agent's own descriptors are.
    pub(crate) own: OwnDescriptors,
    /// The files that mappings need.
    pub(crate) files: Files,
    /// Who the program is.
    pub(crate) credentials: Credentials,
    /// The way to the VMM.
    pub(crate) link: Link,
    /// The threads that work for the queues.
    pub(crate) crew: Crew,
    /// The queues, once the driver is ready.
    pub(crate) queues: OnceLock<Queues>,
    /// What the driver rings.
    pub(crate) doorbell: OwnFile,
    /// What interrupts the vCPU of each queue.
    pub(crate) interrupts: Vec<OwnFile>,
    /// Where lines of the trace go.
    pub(crate) trace: Option<OwnFile>,
    /// For `--stats`.
    pub(crate) counters: Shared<Counters>,
    /// What /proc/self/exe names.
    pub(crate) executable: RwLock<Arc<OsString>>,
}

impl Proxy {
    /// What /proc/self/exe names.
    pub(crate) fn executable(&self) -> Arc<OsString> {
        Arc::clone(&self.executable.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes that.
    pub(crate) fn set_executable(&self, path: OsString) {
        *self.executable.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(path);
    }

    /// Lets the first thread look at what has changed.
    pub(crate) fn poke_first_thread(&self) {
        crate::arch::interrupt_thread(self.process, self.process);
    }

    /// Ends the partition with a line of text.
    pub(crate) fn fail(&self, violation: &crate::request::Violation) -> ! {
        self.link.fail(&violation.to_string())
    }
}

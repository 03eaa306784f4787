//! What leads to the partition: the same for the agent and for all proxies, made before there are any.

use std::os::fd::AsFd;
use std::sync::atomic::Ordering;

use super::roster::Roster;
use crate::memory::{Board, Partition, Shared};
use crate::own_descriptors::OwnFile;

/// The vCPU that events interrupt.
pub(crate) const EVENT_VCPU: u32 = 0;

/// The ways to the partition.
#[derive(Debug)]
pub(crate) struct Wires {
    /// Its memory.
    pub(crate) memory: &'static Partition,
    /// The notice board in that memory.
    pub(crate) board: Board,
    /// For each vCPU, what interrupts it.
    pub(crate) interrupts: Vec<OwnFile>,
    /// The CPU that each runs on.
    pub(crate) cpus: Vec<usize>,
    /// What agent and proxies share.
    pub(crate) roster: Shared<Roster>,
}

impl Wires {
    /// Whether there is such a vCPU.
    pub(crate) fn has_vcpu(&self, vcpu: u32) -> bool {
        (vcpu as usize) < self.interrupts.len()
    }

    /// Tells `vcpu` that there is something for it in a queue of the process at `place`.
    pub(crate) fn interrupt(&self, place: usize, vcpu: u32) {
        let Some(interrupt) = self.interrupts.get(vcpu as usize) else { return };
        self.board.tell_lwk(place);
        if self.board.is_looked_at_by(vcpu) {
            return;
        }
        // Should the counter be full, the interrupt is under way already.
        let _ = rustix::io::write(interrupt.as_fd(), &1_u64.to_ne_bytes());
        self.roster.counters.interrupts.fetch_add(1, Ordering::Relaxed);
    }
}

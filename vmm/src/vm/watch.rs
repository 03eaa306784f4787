//! For those who want to know more of a run than how often something happened: when each exit was.
//!
//! `lwk-vmm noise` lays the moments beside the gaps of a measurement. Without a watch nothing of this is done.

use std::fs::File;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::ExitReason;
use crate::arch::processor;

/// An exit of a vCPU.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenExit {
    /// The vCPU's number.
    pub vcpu: usize,
    /// The time-stamp counter when its thread had left the guest.
    pub ticks: u64,
    /// As `--stats` names it.
    pub reason: String,
}

/// What is seen of a run from outside its main loop.
#[derive(Debug, Default)]
pub struct Watch {
    exits: Mutex<Vec<SeenExit>>,
    statistics: Mutex<Vec<Option<File>>>,
}

impl Watch {
    /// Notes an exit.
    pub(super) fn saw(&self, vcpu: usize, reason: ExitReason) {
        let exit = SeenExit { vcpu, ticks: processor::ticks(), reason: reason.name().to_owned() };
        self.exits.lock().unwrap_or_else(PoisonError::into_inner).push(exit);
    }

    /// Takes the files with KVM's counters, one a vCPU.
    pub(crate) fn take_statistics(&self, files: Vec<Option<File>>) {
        *self.statistics.lock().unwrap_or_else(PoisonError::into_inner) = files;
    }

    /// The file with KVM's counters of a vCPU, as soon as there is one.
    pub(crate) fn statistics(&self, vcpu: usize) -> Option<File> {
        let files = self.statistics.lock().unwrap_or_else(PoisonError::into_inner);
        files.get(vcpu)?.as_ref()?.try_clone().ok()
    }

    /// All exits so far.
    pub(crate) fn exits(&self) -> Vec<SeenExit> {
        self.exits.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

//! What is done on the partition's first CPU, where nobody runs yet, while the agent starts on its own.
//!
//! Finding out what this machine's KVM is and zeroing the memory that every boot touches take milliseconds each, and neither needs
//! what the agent will say.

use std::sync::mpsc::{Receiver, channel};
use std::thread;

use virtio_ikc::boot::Privilege;

use super::RunError;
use crate::cli::PrivilegeChoice;
use crate::partition::{PartitionMemory, pin_to_cpu};
use crate::probe;

/// A preparation that is under way.
pub(super) struct Preparation {
    privilege: Receiver<Result<Privilege, RunError>>,
}

impl Preparation {
    /// Begins it on `cpu`; a thread that cannot be pinned there does it elsewhere.
    pub(super) fn begin(choice: PrivilegeChoice, memory: &PartitionMemory, cpu: u32) -> Self {
        let (sender, privilege) = channel();
        let first_pages = memory.first_pages();
        let prepare = move || {
            let _ = pin_to_cpu(cpu);
            // Nobody listens any more when the run has failed meanwhile.
            let _ = sender.send(find_privilege(choice));
            // Whoever touches a page that is missing gets it then.
            let _ = first_pages.populate();
        };
        // Without a thread nobody sends, and `privilege` says so in a line.
        let _ = thread::Builder::new().name("lwk-prepare".to_owned()).spawn(prepare);
        Self { privilege }
    }

    /// Waits for what the machine is.
    pub(super) fn privilege(&self) -> Result<Privilege, RunError> {
        let failed = |_| Err(RunError::System("the thread that looks at this machine's KVM failed".to_owned()));
        self.privilege.recv().unwrap_or_else(failed)
    }
}

fn find_privilege(choice: PrivilegeChoice) -> Result<Privilege, RunError> {
    Ok(match choice {
        PrivilegeChoice::Ring0 => Privilege::RING0,
        PrivilegeChoice::Ring3 => Privilege::RING3,
        PrivilegeChoice::Auto => match probe::quick()?.privilege {
            probe::Privilege::Ring0 => Privilege::RING0,
            probe::Privilege::Ring3 => Privilege::RING3,
        },
    })
}

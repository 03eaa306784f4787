//! Why a run ended without a program's exit status.

use std::io;
use std::path::PathBuf;

use crate::boot::BootError;
use crate::cli::EXIT_OWN_ERROR;
use crate::cli::program::ProgramError;
use crate::partition::{CpuError, MemoryError};
use crate::probe::ProbeError;
use crate::vm::VmError;

/// Why a run ended without a program's exit status. Its text is one line.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// There is no such program, or it cannot be executed.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// `--workdir` cannot be entered.
    #[error("--workdir {}: {source}; name a directory", path.display())]
    Workdir {
        /// The directory.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// `--trace` cannot be written.
    #[error("--trace {}: {source}; name a file that can be written", path.display())]
    Trace {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// CPUs.
    #[error(transparent)]
    Cpus(#[from] CpuError),
    /// Memory.
    #[error(transparent)]
    Reserve(#[from] MemoryError),
    /// Memory that was reserved cannot be described.
    #[error("cannot describe the partition's memory: {0}")]
    Memory(io::Error),
    /// The machine is not what a partition needs.
    #[error(transparent)]
    Probe(#[from] ProbeError),
    /// The virtual machine.
    #[error(transparent)]
    Vm(#[from] VmError),
    /// The LWK cannot be booted.
    #[error(transparent)]
    Boot(#[from] BootError),
    /// The agent cannot be started, or did not answer.
    #[error("the agent {what}: {source}")]
    Agent {
        /// What it did not do.
        what: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// The agent ended before the program did.
    #[error("the agent ended unexpectedly ({0}), and the program with it")]
    AgentLost(String),
    /// The LWK broke the rules of the device.
    #[error("the lightweight kernel broke a rule, so the partition was ended: {0}")]
    Violation(String),
    /// The LWK gave up.
    #[error("the lightweight kernel panicked; its last words are above")]
    Panic,
    /// A vCPU cannot go on.
    #[error("{0}")]
    Vcpu(String),
    /// Linux refused something that it usually does not.
    #[error("{0}")]
    System(String),
}

impl RunError {
    /// The status to exit with.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Program(error) => error.exit_code(),
            _ => EXIT_OWN_ERROR,
        }
    }
}

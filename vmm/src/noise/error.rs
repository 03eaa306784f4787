//! Why there is no measurement.

use std::io;
use std::path::PathBuf;

use crate::cli::EXIT_OWN_ERROR;
use crate::partition::CpuError;

/// Why there is no measurement. Its text is one line.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoiseError {
    /// The CPUs cannot be had.
    #[error(transparent)]
    Cpus(#[from] CpuError),
    /// `--json` or `--plot` cannot be written.
    #[error("{option} {}: {source}; name a file that can be written", path.display())]
    File {
        /// Which.
        option: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The drawing cannot be made.
    #[error("--plot {}: {text}", path.display())]
    Drawing {
        /// The file.
        path: PathBuf,
        /// Why not.
        text: String,
    },
    /// A part of the measurement failed and has said why.
    #[error("the measurement {side} failed ({status}); see above")]
    Part {
        /// Which side.
        side: &'static str,
        /// How it ended.
        status: String,
        /// Its exit status, if it is one of ours.
        code: u8,
    },
    /// A hidden part was started by somebody else, or two versions met.
    #[error("this command is started by 'lwk-vmm noise' only ({0})")]
    Order(String),
    /// What a part answered cannot be understood.
    #[error("the measurement {side} answered something unknown: {text}")]
    Answer {
        /// Which side.
        side: &'static str,
        /// What is wrong with it.
        text: String,
    },
    /// Linux refused something that it usually does not.
    #[error("cannot {what}: {source}")]
    System {
        /// What.
        what: &'static str,
        /// Why not.
        source: io::Error,
    },
}

impl NoiseError {
    /// The status to exit with.
    pub(super) const fn exit_code(&self) -> u8 {
        match self {
            Self::Part { code, .. } => *code,
            _ => EXIT_OWN_ERROR,
        }
    }
}

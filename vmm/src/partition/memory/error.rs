//! Why memory cannot be had.

use std::io;

use super::{MAXIMUM, MINIMUM};
use crate::cli::Size;

/// Why the memory cannot be had. Its text is one line.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// Less than the LWK needs.
    #[error("--mem {0} is too small; the lightweight kernel needs at least {least}M", least = MINIMUM >> 20)]
    TooSmall(Size),
    /// More than the LWK can map.
    #[error("--mem {0} is more than a partition can have; ask for at most {most}G", most = MAXIMUM >> 30)]
    TooLarge(Size),
    /// More than the machine can give now.
    #[error("--mem {asked} is more than there is; at most {}M are available now", available >> 20)]
    NotEnough {
        /// What was asked for.
        asked: Size,
        /// Bytes that there are.
        available: u64,
    },
    /// A kind of page was forced and cannot be had.
    #[error("--hugepages {kind}: {reason}; first run: {advice}")]
    Forced {
        /// The kind, as the option spells it.
        kind: &'static str,
        /// Why not.
        reason: String,
        /// The command that would make it possible.
        advice: String,
    },
    /// The size is no multiple of the page that was forced.
    #[error("--hugepages 1G needs --mem in whole gigabytes, not {0}; round it or use --hugepages auto")]
    NotDivisible(Size),
    /// A system call failed.
    #[error("cannot {what} the partition's memory: {source}; {advice}")]
    System {
        /// What was to be done.
        what: &'static str,
        /// What the system said.
        source: io::Error,
        /// What to do about it.
        advice: &'static str,
    },
}

/// Why there are no huge pages, in the words of a message.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoHugePages {
    #[error("this machine has none of this size")]
    Unknown,
    #[error("only {free} are free and we may not make room")]
    NoRoom { free: u64 },
    #[error("{needed} more are needed and only {}M of memory are available", available >> 20)]
    NoMemory { needed: u64, available: u64 },
    #[error("{0}")]
    Kernel(io::Error),
}

//! Text of the LWK: copied out of the partition, made harmless, and printed line by line.

use virtio_ikc::address::GuestPhysical;
use vm_memory::{Bytes, GuestAddress, GuestMemoryMmap};

/// Bytes that one text may have; the rest is cut off.
const MOST_BYTES: u32 = 4096;

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// The LWK cannot go on.
    Error,
    /// Something works less well than it could.
    Warning,
    /// For `--kmsg`.
    Information,
}

/// What the LWK says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// How much it matters.
    pub level: LogLevel,
    /// Its text, without control characters other than newline and tab.
    pub text: String,
}

impl LogLine {
    /// Reads a text of the LWK; `None` when it does not lie in the partition's memory.
    pub(super) fn read(memory: &GuestMemoryMmap, level: u32, address: GuestPhysical, length: u32) -> Option<Self> {
        let mut bytes = vec![0; length.min(MOST_BYTES) as usize];
        memory.read_slice(&mut bytes, GuestAddress(address.as_u64())).ok()?;
        let level = match level {
            1 => LogLevel::Error,
            2 => LogLevel::Warning,
            _ => LogLevel::Information,
        };
        let harmless = |character: char| match character {
            '\n' | '\t' => character,
            other if other.is_control() => char::REPLACEMENT_CHARACTER,
            other => other,
        };
        let text = String::from_utf8_lossy(&bytes).trim_end().chars().map(harmless).collect();
        Some(Self { level, text })
    }
}

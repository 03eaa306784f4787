//! What the other side can get wrong.
//!
//! None of these is recoverable: the two sides no longer agree about the queue. The device ends the partition
//! with the error's text, the driver stops the LWK with it. Two variants ([`RingError::HeadInFlight`],
//! [`RingError::HeadNotInFlight`]) can be the caller's own mistake too.

use core::error::Error;
use core::fmt;

/// Why a queue cannot be used any further.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RingError {
    /// The other side's index claims more entries than can be outstanding (or went backwards).
    IndexAhead {
        /// The index as read.
        index: u16,
        /// The next entry that was expected.
        expected: u16,
    },
    /// A ring entry names a descriptor past the end of the table.
    HeadOutOfRange {
        /// The number as read.
        head: u32,
    },
    /// A head was published although its last request has not been given back.
    HeadInFlight {
        /// The head.
        head: u16,
    },
    /// A head was given back that is not outstanding.
    HeadNotInFlight {
        /// The head.
        head: u16,
    },
    /// A descriptor's `next` points past the end of the table.
    NextOutOfRange {
        /// The descriptor.
        descriptor: u16,
        /// Its `next`.
        next: u16,
    },
    /// A chain has more descriptors than any chain of this device ([`MAX_CHAIN`](super::MAX_CHAIN)); a loop is
    /// such a chain.
    ChainTooLong {
        /// The chain's first descriptor.
        head: u16,
    },
    /// A descriptor has `VIRTQ_DESC_F_INDIRECT`, which was not negotiated.
    Indirect {
        /// The descriptor.
        descriptor: u16,
    },
    /// A descriptor has a flag that virtio does not define.
    UnknownFlags {
        /// The descriptor.
        descriptor: u16,
        /// Its flags.
        flags: u16,
    },
    /// A descriptor's length is 0.
    Empty {
        /// The descriptor.
        descriptor: u16,
    },
    /// A descriptor's memory wraps around the end of the address space.
    AddressOverflow {
        /// The descriptor.
        descriptor: u16,
    },
    /// A device-readable descriptor follows a device-writable one (virtio 1.2, 2.7.4.2).
    ReadableAfterWritable {
        /// The descriptor.
        descriptor: u16,
    },
    /// A chain of a request queue is not one readable block of a request's size and one writable block of a
    /// reply's, both aligned to 64 bytes.
    NotARequest {
        /// The chain's first descriptor.
        head: u16,
    },
    /// A chain of the event queue is not one writable block of an event's size, aligned to 64 bytes.
    NotAnEvent {
        /// The chain's first descriptor.
        head: u16,
    },
}

impl fmt::Display for RingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::IndexAhead { index, expected } => {
                write!(f, "ring index {index} is too far from {expected}")
            }
            Self::HeadOutOfRange { head } => {
                write!(f, "ring entry names descriptor {head}, past the table")
            }
            Self::HeadInFlight { head } => write!(f, "descriptor {head} was published twice"),
            Self::HeadNotInFlight { head } => {
                write!(f, "descriptor {head} was given back but is not outstanding")
            }
            Self::NextOutOfRange { descriptor, next } => {
                write!(f, "descriptor {descriptor} goes on at {next}, past the table")
            }
            Self::ChainTooLong { head } => write!(f, "the chain at descriptor {head} is too long"),
            Self::Indirect { descriptor } => write!(f, "descriptor {descriptor} is indirect"),
            Self::UnknownFlags { descriptor, flags } => {
                write!(f, "descriptor {descriptor} has unknown flags {flags:#x}")
            }
            Self::Empty { descriptor } => write!(f, "descriptor {descriptor} has length 0"),
            Self::AddressOverflow { descriptor } => {
                write!(f, "the memory of descriptor {descriptor} wraps around")
            }
            Self::ReadableAfterWritable { descriptor } => {
                write!(f, "readable descriptor {descriptor} follows a writable one")
            }
            Self::NotARequest { head } => {
                write!(f, "the chain at descriptor {head} is no request and reply")
            }
            Self::NotAnEvent { head } => write!(f, "the chain at descriptor {head} is no event"),
        }
    }
}

impl Error for RingError {}

//! Requests that end the partition.

use thiserror::Error;
use virtio_ikc::ring::RingError;

/// What the LWK did that no LWK may do. The text is what the user reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum Violation {
    /// The ring's own rules.
    #[error("{0}")]
    Ring(#[from] RingError),
    /// A request or a reply does not lie in the partition's memory.
    #[error("a request block at {0:#x} is outside of the partition's memory")]
    BlockOutside(u64),
    /// An operation that the messages do not define.
    #[error("unknown operation {0}")]
    Operation(u32),
    /// A number that is no system call.
    #[error("call {0} does not exist")]
    NoSuchCall(u32),
    /// A call that Linux must not be asked for.
    #[error("call {0} may not be offloaded")]
    NotOffloaded(u32),
    /// A request whose number is not one more than that of its queue's last.
    #[error("request number {found} where {expected} is next")]
    Sequence {
        /// The number it has.
        found: u64,
        /// The number it must have.
        expected: u64,
    },
    /// A request of a process or thread that has no proxy.
    #[error("process {process}, thread {thread} has no proxy")]
    Process {
        /// The process it named.
        process: u32,
        /// The thread it named.
        thread: u32,
    },
    /// A request whose reply is to interrupt a vCPU that there is not.
    #[error("there is no vCPU {0}")]
    Vcpu(u32),
    /// More buffers than a request can name.
    #[error("{0} buffers in one request")]
    TooManyBuffers(u32),
    /// More segments than a request can name, or than fit where they are said to be.
    #[error("{0} segments in one request")]
    TooManySegments(u32),
    /// The segment table is not aligned, or not in the partition's memory.
    #[error("the segment table at {0:#x} is not aligned or outside of the partition's memory")]
    TableOutside(u64),
    /// A segment is empty or not wholly in one region of the partition's memory.
    #[error("segment of {length} bytes at {address:#x} is outside of the partition's memory")]
    SegmentOutside {
        /// Guest-physical address.
        address: u64,
        /// Bytes.
        length: u64,
    },
    /// The segments of the buffers are more or fewer than those of the request.
    #[error("buffers and segments do not add up")]
    SegmentCount,
    /// The segments of a buffer are longer than the buffer, or shorter without its end being inaccessible.
    #[error("the segments of buffer {0} do not add up to its length")]
    BufferLength(usize),
    /// A buffer for an argument that is no pointer of its kind or direction.
    #[error("buffer {buffer} does not fit argument {argument} of call {call}")]
    BufferMismatch {
        /// Index of the buffer.
        buffer: usize,
        /// The argument it named.
        argument: u8,
        /// The call, or 0 for an operation that is none.
        call: u32,
    },
    /// An operation's buffers or numbers are not what it is defined to take.
    #[error("malformed arguments of operation {0}")]
    Malformed(u32),
}

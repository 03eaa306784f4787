//! readv(2) and its relatives: the vector is made of the request's segments, never of the program's iovec array.

use rustix::fs::FileType;
use smallvec::SmallVec;
use virtio_ikc::message::{Role, Segment};

use super::Refusal;
use super::copy::host_run;
use super::frame::Frame;
use crate::arch::{Argument, Vector};
use crate::own_descriptors::borrow;
use crate::request::Buffer;

/// Entries of the longest vector that Linux takes (UIO_MAXIOV, readv(2)).
const MAX_VECTORS: usize = 1024;
/// Entries of most vectors: no memory is allocated for so few.
const USUAL_VECTORS: usize = 4;
/// The most that one call moves (MAX_RW_COUNT, read(2)).
const MAX_BYTES: u64 = 0x7fff_f000;

/// How a call moves bytes by a vector.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Form {
    number: i64,
    /// Whether argument 3 is an offset in the file that moves on.
    at: bool,
}

impl Form {
    pub(super) const READ: Self = Self { number: libc::SYS_readv, at: false };
    pub(super) const WRITE: Self = Self { number: libc::SYS_writev, at: false };
    pub(super) const READ_AT: Self = Self { number: libc::SYS_preadv, at: true };
    pub(super) const WRITE_AT: Self = Self { number: libc::SYS_pwritev, at: true };

    /// The number of the call.
    pub(super) const fn number(self) -> i64 {
        self.number
    }
}

/// Memory as vectors.
#[derive(Debug)]
pub(super) struct Vectors(SmallVec<[Vector; USUAL_VECTORS]>);

impl Vectors {
    /// The first `length` bytes of `buffer`; what is not accessible of them faults.
    pub(super) fn of(frame: &Frame<'_, '_>, buffer: &Buffer, length: u64) -> Result<Self, Refusal> {
        let mut vectors = SmallVec::with_capacity(buffer.segment_count as usize + 1);
        let mut left = length;
        for Segment { address, length } in frame.request.segments(buffer) {
            if left == 0 {
                break;
            }
            let length = length.min(left);
            left -= length;
            vectors.push(Vector::partition(host_run(frame.executor.proxy.memory, Segment { address, length })?));
        }
        if left > 0 {
            vectors.push(Vector::faulting(left.min(MAX_BYTES)));
        }
        Ok(Self(vectors))
    }

    /// What is left of them behind the first `moved` bytes.
    pub(super) fn after(mut self, moved: u64) -> Self {
        if moved == 0 {
            return self;
        }
        let mut moved = moved;
        self.0.retain_mut(|vector| {
            let part = moved.min(vector.length());
            moved -= part;
            vector.advance(part);
            vector.length() > 0
        });
        self
    }

    /// No memory.
    pub(super) fn none() -> Self {
        Self(SmallVec::new())
    }

    /// The vectors, if one call takes them all.
    pub(super) fn at_once(&self) -> Option<&[Vector]> {
        (self.0.len() <= MAX_VECTORS).then_some(&self.0)
    }
}

/// readv(2), writev(2), preadv(2), pwritev(2), preadv2(2), pwritev2(2), vmsplice(2).
pub(super) fn execute(frame: &mut Frame<'_, '_>) -> Result<i64, Refusal> {
    frame.place_all()?;
    let Some(buffer) = frame.request.buffer(1, Role::VECTOR).copied() else {
        // No memory at all: Linux judges the count, and the address if it comes to that.
        return frame.run();
    };
    if buffer.segment_count == 0 && buffer.length == 0 {
        frame.arguments[1] = Argument::faulting();
        frame.arguments[2] = Argument::NULL;
        return frame.run();
    }
    let number = i64::from(frame.call.number);
    let at = !matches!(number, libc::SYS_readv | libc::SYS_writev | libc::SYS_vmsplice);
    let vectors = Vectors::of(frame, &buffer, buffer.length)?;
    Ok(transfer(frame, Form { number, at }, &vectors))
}

/// Moves `vectors`, in as many calls as Linux needs for them, until one moves less than it could.
pub(super) fn transfer(frame: &mut Frame<'_, '_>, form: Form, vectors: &Vectors) -> i64 {
    let mut moved: i64 = 0;
    let all = vectors.0.len() <= MAX_VECTORS || goes_on(frame, form);
    for part in vectors.0.chunks(MAX_VECTORS) {
        let mut arguments = frame.arguments;
        arguments[1] = Argument::own_shared(part);
        arguments[2] = Argument::number(part.len() as u64);
        if form.at {
            let offset = frame.request.arguments[3];
            arguments[3] = Argument::number(advanced(offset, moved));
            if frame.call.arguments.len() < 6 {
                arguments[4] = Argument::NULL;
            }
        }
        let result = frame.executor.turn.call_as(frame.call, form.number, arguments);
        if result < 0 {
            return if moved > 0 { moved } else { result };
        }
        moved += result;
        let length: u64 = part.iter().map(Vector::length).sum();
        if !all || u64::try_from(result) != Ok(length) {
            break;
        }
    }
    moved
}

/// Whether the rest may be moved after a first part was moved wholly: a read from a pipe could wait for more than Linux
/// would have waited for.
fn goes_on(frame: &Frame<'_, '_>, form: Form) -> bool {
    form.at || form == Form::WRITE || is_file(frame)
}

/// Whether the call's descriptor is that of a file whose reads give all there is: a regular one or a block device.
pub(super) fn is_file(frame: &Frame<'_, '_>) -> bool {
    kind_of_file(frame).is_some_and(|kind| kind.is_file() || kind.is_block_device())
}

/// Whether it is that of a socket.
pub(super) fn is_socket(frame: &Frame<'_, '_>) -> bool {
    kind_of_file(frame).is_some_and(FileType::is_socket)
}

fn kind_of_file(frame: &Frame<'_, '_>) -> Option<FileType> {
    let status = borrow(frame.request.arguments[0]).map(rustix::fs::fstat)?.ok()?;
    Some(FileType::from_raw_mode(status.st_mode))
}

/// An offset in a file after `moved` bytes. A negative one means the file's own position (preadv2(2)).
fn advanced(offset: u64, moved: i64) -> u64 {
    if offset.cast_signed() < 0 { offset } else { offset.wrapping_add(moved.cast_unsigned()) }
}

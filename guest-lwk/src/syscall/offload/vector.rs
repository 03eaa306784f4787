//! The memory that an iovec array names (readv(2)).

use alloc::vec;
use alloc::vec::Vec;

use virtio_ikc::layout::PROGRAM_END;
use virtio_ikc::message::{Direction, Role, Segment};

use super::buffer::{MAX_TRANSFER, access};
use crate::errno::Errno;
use crate::ikc::request::Draft;
use crate::memory::space::AddressSpace;

/// `UIO_MAXIOV`.
const MAX_VECTORS: u64 = 1024;
/// Bytes of a struct iovec.
const VECTOR_BYTES: usize = 16;

/// Memory that a list of pieces names, up to the first that cannot be reached.
pub struct Gathered {
    segments: Vec<Segment>,
    length: u64,
}

/// Names the memory of the `count` iovecs at `address`.
pub fn add(
    space: &mut AddressSpace,
    draft: &mut Draft,
    position: u8,
    direction: Direction,
    address: u64,
    count: u64,
) -> Result<(), Errno> {
    let gathered = gather(space, direction, address, count, draft.room())?;
    draft.buffer(position, Role::VECTOR, direction, gathered.length, &gathered.segments);
    Ok(())
}

/// Collects the memory of the `count` iovecs at `address`, with the checks that Linux makes first
/// (`import_iovec()`: EINVAL for too many or too long ones, EFAULT for what cannot be the program's).
pub fn gather(
    space: &mut AddressSpace,
    direction: Direction,
    address: u64,
    count: u64,
    room: usize,
) -> Result<Gathered, Errno> {
    if count > MAX_VECTORS {
        return Err(Errno::EINVAL);
    }
    let mut gathered = Gathered { segments: Vec::new(), length: 0 };
    let mut broken = false;
    for (base, length) in read_vectors(space, address, count)? {
        if length > i64::MAX as u64 {
            return Err(Errno::EINVAL);
        }
        if length > PROGRAM_END || base > PROGRAM_END - length {
            return Err(Errno::EFAULT);
        }
        let length = length.min(MAX_TRANSFER - gathered.length);
        if !broken {
            broken = append(space, &mut gathered, direction, base, length, room);
        }
        gathered.length += length;
    }
    let reached: u64 = gathered.segments.iter().map(|segment| segment.length).sum();
    if gathered.segments.len() >= room {
        gathered.length = reached;
    }
    Ok(gathered)
}

/// Appends one piece; answers whether it could not be reached whole.
fn append(
    space: &mut AddressSpace,
    gathered: &mut Gathered,
    direction: Direction,
    base: u64,
    length: u64,
    room: usize,
) -> bool {
    let reached = space.reach(base, length, access(direction));
    let free = room - gathered.segments.len();
    gathered.segments.extend(reached.segments.iter().take(free));
    reached.length < length || reached.segments.len() > free
}

fn read_vectors(space: &mut AddressSpace, address: u64, count: u64) -> Result<Vec<(u64, u64)>, Errno> {
    let mut bytes = vec![0; usize::try_from(count).map_err(|_| Errno::EINVAL)? * VECTOR_BYTES];
    space.copy_in(address, &mut bytes)?;
    let word = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_le_bytes);
    Ok(bytes.chunks_exact(VECTOR_BYTES).map(|vector| (word(&vector[..8]), word(&vector[8..]))).collect())
}

impl Gathered {
    /// Its length in bytes, what cannot be reached included.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Its memory.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }
}

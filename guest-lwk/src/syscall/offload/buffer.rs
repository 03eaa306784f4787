//! Plain buffers and strings.

use virtio_ikc::message::{Direction, Role};

use crate::ikc::request::Draft;
use crate::memory::space::AddressSpace;
use crate::memory::user::Access;

/// `PATH_MAX`, its NUL included.
const PATH_BYTES: u64 = 4096;
/// The most that one read(2) or write(2) moves (read(2), NOTES).
pub const MAX_TRANSFER: u64 = 0x7fff_f000;

/// What Linux will do with a buffer, as an access of the program.
pub fn access(direction: Direction) -> Access {
    if direction.is_out() { Access::Write } else { Access::Read }
}

/// Names `length` bytes at `address`. A null pointer names nothing. If the memory is in more pieces than a request can name, the
/// buffer is cut there, and so is the argument `shortened` that says its length.
pub fn add(
    space: &mut AddressSpace,
    draft: &mut Draft,
    position: u8,
    direction: Direction,
    address: u64,
    length: u64,
    shortened: Option<u8>,
) {
    if address == 0 {
        return;
    }
    let mut length = if shortened.is_some() { length.min(MAX_TRANSFER) } else { length };
    let mut reached = space.reach(address, length, access(direction));
    if reached.segments.len() > draft.room() {
        reached.segments.truncate(draft.room());
        length = reached.segments.iter().map(|segment| segment.length).sum();
        if let Some(argument) = shortened {
            draft.set_argument(usize::from(argument), length);
        }
    }
    draft.buffer(position, Role::WHOLE, direction, length, &reached.segments);
}

/// Names the string at `address`, its NUL left out.
pub fn add_string(space: &mut AddressSpace, draft: &mut Draft, position: u8, address: u64) {
    if address == 0 {
        return;
    }
    let Ok(length) = space.string_length(address, PATH_BYTES) else {
        draft.buffer(position, Role::STRING, Direction::IN, 1, &[]);
        return;
    };
    let reached = space.reach(address, length, Access::Read);
    draft.buffer(position, Role::STRING, Direction::IN, length, &reached.segments);
}

/// Names memory of which nothing can be reached: Linux is given an address that faults.
pub fn add_unreachable(draft: &mut Draft, position: u8) {
    draft.buffer(position, Role::WHOLE, Direction::IN, 1, &[]);
}

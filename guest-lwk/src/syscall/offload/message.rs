//! Socket messages: a msghdr is four buffers (sendmsg(2), recvmsg(2)), an array of them is as many calls.

use virtio_ikc::message::{Direction, Role};
use virtio_ikc::table::{Call, lookup};

use super::buffer::access;
use super::vector;
use crate::arch::time::{self, Clock};
use crate::errno::{Errno, SysResult};
use crate::ikc::request::Draft;
use crate::memory::space::AddressSpace;
use crate::process::thread::Thread;

/// Bytes of a struct msghdr and of a struct mmsghdr.
const HEADER_BYTES: u64 = 56;
const MANY_HEADER_BYTES: u64 = 64;
/// Where things lie in a msghdr, in words.
const NAME: usize = 0;
const NAME_LENGTH: usize = 1;
const VECTORS: usize = 2;
const VECTOR_COUNT: usize = 3;
const CONTROL: usize = 4;
const CONTROL_LENGTH: usize = 5;
/// Most messages of one call (`UIO_MAXIOV`).
const MAX_MESSAGES: u64 = 1024;
const MSG_DONTWAIT: u64 = 0x40;
const MSG_WAITFORONE: u64 = 0x10000;

/// Names the buffers of the msghdr at `address`.
pub fn add(
    space: &mut AddressSpace,
    draft: &mut Draft,
    position: u8,
    direction: Direction,
    address: u64,
) -> Result<(), Errno> {
    let mut bytes = [0; 56];
    space.copy_in(address, &mut bytes)?;
    let word = |index: usize| bytes[index * 8..index * 8 + 8].try_into().map_or(0, u64::from_le_bytes);
    let name_length = word(NAME_LENGTH) & 0xffff_ffff;
    if name_length > i32::MAX as u64 {
        return Err(Errno::EINVAL);
    }
    if word(VECTOR_COUNT) > MAX_MESSAGES {
        return Err(Errno::EMSGSIZE);
    }
    let header = space.reach(address, HEADER_BYTES, access(Direction::IN_OUT));
    draft.buffer(position, Role::MESSAGE_HEADER, Direction::IN_OUT, HEADER_BYTES, &header.segments);
    add_part(space, draft, position, Role::MESSAGE_NAME, direction, (word(NAME), name_length));
    let gathered = vector::gather(space, direction, word(VECTORS), word(VECTOR_COUNT), draft.room())?;
    draft.buffer(position, Role::VECTOR, direction, gathered.length(), gathered.segments());
    add_part(space, draft, position, Role::MESSAGE_CONTROL, direction, (word(CONTROL), word(CONTROL_LENGTH)));
    Ok(())
}

fn add_part(
    space: &mut AddressSpace,
    draft: &mut Draft,
    position: u8,
    role: Role,
    direction: Direction,
    (address, length): (u64, u64),
) {
    if address == 0 || length == 0 {
        return;
    }
    let reached = space.reach(address, length, access(direction));
    draft.buffer(position, role, direction, length, &reached.segments);
}

/// Serves sendmmsg(2) and recvmmsg(2) message by message.
pub fn serve_many(thread: &Thread, call: &'static Call, arguments: [u64; 6]) -> SysResult {
    let [socket, headers, count, mut flags, deadline, _] = arguments;
    let sends = call.name == "sendmmsg";
    let single = lookup(if sends { SENDMSG } else { RECVMSG }).ok_or(Errno::ENOSYS)?;
    let deadline = if sends { None } else { read_deadline(thread, deadline)? };
    let mut done = 0;
    while done < count.min(MAX_MESSAGES) {
        let header = headers.wrapping_add(done * MANY_HEADER_BYTES);
        let result = super::serve(thread, single, [socket, header, flags & !MSG_WAITFORONE, 0, 0, 0]);
        let length = match result {
            Ok(length) => length,
            Err(_) if done > 0 => break,
            Err(error) => return Err(error),
        };
        let word = u32::try_from(length).unwrap_or(u32::MAX);
        thread.process().space.lock().write(header.wrapping_add(HEADER_BYTES), &word)?;
        done += 1;
        if flags & MSG_WAITFORONE != 0 {
            flags |= MSG_DONTWAIT;
        }
        if deadline.is_some_and(|deadline| time::now(Clock::Monotonic) >= deadline) {
            break;
        }
    }
    Ok(done)
}

const SENDMSG: u64 = 46;
const RECVMSG: u64 = 47;

/// When recvmmsg(2) stops to wait for more, on the monotonic clock.
fn read_deadline(thread: &Thread, address: u64) -> Result<Option<u64>, Errno> {
    if address == 0 {
        return Ok(None);
    }
    let [seconds, nanoseconds] = thread.process().space.lock().read::<[u64; 2]>(address)?;
    if seconds > i64::MAX as u64 || nanoseconds >= 1_000_000_000 {
        return Err(Errno::EINVAL);
    }
    let timeout = seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds);
    Ok(Some(time::now(Clock::Monotonic).saturating_add(timeout)))
}

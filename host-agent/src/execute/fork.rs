//! Making a child.

use virtio_ikc::address::GuestPhysical;
use virtio_ikc::message::{Operation, PROCESS_EVENTS, PROCESS_QUEUE_SIZE};
use virtio_ikc::notice::{FIRST_PLACE, PLACES};
use virtio_ikc::ring::{Part, QueueLayout};

use super::{Afterwards, Answer, Executor, Refusal};
use crate::protocol::Queue;
use crate::proxy::{self, EventQueue, Queues, RequestQueue};
use crate::request::{Parsed, Violation};

/// The flags of clone(2) that concern Linux: the signal at the end of the child, and whose child it is.
const FLAGS: u64 = 0xff | libc::CLONE_PARENT as u64;

/// What must divide a queue's address.
const ALIGNMENT: u64 = 64;

/// `FORK`. In the child it does not return.
pub(super) fn execute(executor: &mut Executor, request: &Parsed<'_>) -> Result<Answer, Refusal> {
    let [place, requests, events, flags, ..] = request.arguments;
    let proxy = executor.proxy;
    let malformed = Violation::Malformed(Operation::FORK.0);
    let place = usize::try_from(place).ok().filter(|place| *place > FIRST_PLACE && *place < PLACES);
    let place = place.filter(|place| proxy.wires.roster.process_at(*place) == 0).ok_or(malformed)?;
    let queues = Queues {
        requests: at(requests, PROCESS_QUEUE_SIZE)
            .and_then(|queue| RequestQueue::of(proxy.memory, &queue))
            .ok_or(malformed)?,
        events: at(events, PROCESS_EVENTS).and_then(|queue| EventQueue::of(proxy.memory, &queue)).ok_or(malformed)?,
    };
    if flags & !FLAGS != 0 {
        return Err(malformed.into());
    }
    let child = proxy::fork(proxy, proxy::Plan { place, queues, flags, caller: request.thread })?;
    let process = child.process;
    executor.afterwards = Some(Afterwards::Introduce(child));
    Ok(Answer::from(i64::from(process)))
}

/// A queue of `size` entries that lies in one piece, each of its parts on cache lines of its own.
fn at(address: u64, size: u16) -> Option<Queue> {
    let layout = QueueLayout::new(size)?;
    let start = GuestPhysical(address);
    if !start.is_aligned(ALIGNMENT) {
        return None;
    }
    let part = |part| start.checked_add(layout.offset(part) as u64).map(GuestPhysical::as_u64);
    Some(Queue {
        index: 0,
        size,
        descriptors: part(Part::Descriptors)?,
        driver: part(Part::Available)?,
        device: part(Part::Used)?,
    })
}

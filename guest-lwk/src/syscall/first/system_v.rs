//! Semaphores of System V and message queues: what Linux must not be handed as it stands.

use alloc::vec;

use virtio_ikc::message::{Direction, Segment};
use virtio_ikc::table::Call;
use virtio_ikc::table::system_v::{GET_ALL, SEMAPHORES, SET_ALL, STATE};

use super::First;
use crate::arch::direct_map;
use crate::errno::{SysResult, from_register};
use crate::ikc::request::{self, Draft};
use crate::process::thread::Thread;
use crate::syscall::offload;

/// Where struct semid64_ds has the number of semaphores.
const COUNT: usize = 80;
/// Bytes of a semaphore's value.
const VALUE_BYTES: u64 = 2;
/// Where struct sigevent says how to notify, and a way that needs a pointer.
const NOTIFY: u64 = 12;
const SIGEV_THREAD: u32 = 2;
/// Bytes of that structure, and of what its pointer points to then.
const EVENT_BYTES: u64 = 64;
const COOKIE_BYTES: u64 = 32;

/// semctl(2): how much memory the values of all semaphores take, only Linux knows.
pub fn control(thread: &Thread, call: &Call, arguments: [u64; 6]) -> First {
    let direction = match u32::try_from(arguments[2] & 0xffff_ffff) {
        Ok(GET_ALL) => Direction::OUT,
        Ok(SET_ALL) => Direction::IN,
        _ => return First::Offload(arguments),
    };
    First::Done(
        count(call, arguments[0])
            .and_then(|count| offload::serve_with(thread, call, arguments, &[(3, direction, count * VALUE_BYTES)])),
    )
}

/// How many semaphores set `id` has.
fn count(call: &Call, id: u64) -> SysResult {
    let state = vec![0_u8; SEMAPHORES as usize];
    let mut draft = Draft::call(call.number, [id, 0, STATE.into(), 0, 0, 0]);
    draft.output(3, &[Segment { address: direct_map::physical_of(state.as_slice()), length: u64::from(SEMAPHORES) }]);
    from_register(request::send(draft).result)?;
    Ok(state[COUNT..COUNT + 8].try_into().map_or(0, u64::from_le_bytes))
}

/// mq_notify(3): Linux sends signals to the proxy, which hands them on. To run something in a thread, the C library lets Linux send
/// some bytes to a socket; what points to them is handed on as a third argument.
pub fn notify(thread: &Thread, call: &Call, arguments: [u64; 6]) -> First {
    let [queue, event, ..] = arguments;
    let plain = First::Offload([queue, event, 0, 0, 0, 0]);
    if event == 0 {
        return plain;
    }
    let read = {
        let mut space = thread.process().space.lock();
        space.read::<u32>(event.wrapping_add(NOTIFY)).and_then(|how| Ok((how, space.read::<u64>(event)?)))
    };
    match read {
        Ok((SIGEV_THREAD, cookie)) => {
            let memory = [(1, Direction::IN, EVENT_BYTES), (2, Direction::IN, COOKIE_BYTES)];
            First::Done(offload::serve_with(thread, call, [queue, event, cookie, 0, 0, 0], &memory))
        }
        Ok(_) => plain,
        Err(error) => First::Done(Err(error)),
    }
}

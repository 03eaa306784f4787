//! Sockets with a time-out are not restarted after a signal, whatever the handler says (signal(7), "Interruption of system calls and
//! library functions by signal handlers").

use alloc::boxed::Box;

use virtio_ikc::message::{Direction, Role, Segment};
use virtio_ikc::table::Call;

use crate::arch::direct_map;
use crate::ikc::request::{self, Draft};

/// getsockopt(2), and its level and options.
const GETSOCKOPT: u16 = 55;
const SOL_SOCKET: u64 = 1;
const SO_RCVTIMEO: u64 = 20;
const SO_SNDTIMEO: u64 = 21;

/// Whether `call` waited on a socket that has a time-out for what it waited for.
pub fn has_timeout(call: &Call, descriptor: u64) -> bool {
    let option = match call.name {
        "read" | "readv" | "recvfrom" | "recvmsg" | "recvmmsg" | "accept" | "accept4" => SO_RCVTIMEO,
        "write" | "writev" | "sendto" | "sendmsg" | "sendmmsg" | "connect" => SO_SNDTIMEO,
        _ => return false,
    };
    let timeout = Box::new([0_u64; 2]);
    let length = Box::new(16_u32);
    let at = |address, length| Segment { address, length };
    let mut draft = Draft::call(GETSOCKOPT, [descriptor, SOL_SOCKET, option, 1, 1, 0]);
    draft.buffer(3, Role::WHOLE, Direction::IN_OUT, 16, &[at(direct_map::physical_of(timeout.as_ref()), 16)]);
    draft.buffer(4, Role::WHOLE, Direction::IN_OUT, 4, &[at(direct_map::physical_of(length.as_ref()), 4)]);
    let reply = request::send(draft);
    reply.result == 0 && direct_map::read_plain::<[u64; 2]>(direct_map::physical_of(timeout.as_ref())) != [0, 0]
}

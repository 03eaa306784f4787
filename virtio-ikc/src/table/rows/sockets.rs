//! Sockets (socket(7)).

use super::build::{QUAD, TIME, WORD, bytes, offloaded};
use crate::table::Argument::{Fd, In, InOut, Int, Long, MessageIn, MessageOut, MessagesIn, MessagesOut, Named, Out};
use crate::table::{Call, Size};

/// As many bytes as the value-result length says that argument `position` points to.
const fn pointed(position: u8) -> Size {
    Size::Pointed(position)
}

// An option that getsockopt(2) answers can be asked for in the same memory, so it goes both ways.
#[rustfmt::skip]
pub(super) const ROWS: &[Call] = &[
    offloaded(41, "socket", &[Named("domain"), Named("socket"), Int]),
    offloaded(42, "connect", &[Fd, In(bytes(2)), Int]).restartable(),
    offloaded(43, "accept", &[Fd, Out(pointed(2)), InOut(WORD)]).restartable(),
    offloaded(44, "sendto", &[Fd, In(bytes(2)), Long, Named("message"), In(bytes(5)), Int]).restartable(),
    offloaded(45, "recvfrom", &[Fd, Out(bytes(2)), Long, Named("message"), Out(pointed(5)), InOut(WORD)]).restartable(),
    offloaded(46, "sendmsg", &[Fd, MessageIn, Named("message")]).restartable(),
    offloaded(47, "recvmsg", &[Fd, MessageOut, Named("message")]).restartable(),
    offloaded(48, "shutdown", &[Fd, Named("shutdown")]),
    offloaded(49, "bind", &[Fd, In(bytes(2)), Int]),
    offloaded(50, "listen", &[Fd, Int]),
    offloaded(51, "getsockname", &[Fd, Out(pointed(2)), InOut(WORD)]),
    offloaded(52, "getpeername", &[Fd, Out(pointed(2)), InOut(WORD)]),
    offloaded(53, "socketpair", &[Named("domain"), Named("socket"), Int, Out(QUAD)]),
    offloaded(54, "setsockopt", &[Fd, Named("level"), Int, In(bytes(4)), Int]),
    offloaded(55, "getsockopt", &[Fd, Named("level"), Int, InOut(pointed(4)), InOut(WORD)]),
    offloaded(288, "accept4", &[Fd, Out(pointed(2)), InOut(WORD), Named("accept")]).restartable(),
    offloaded(299, "recvmmsg", &[Fd, MessagesOut(2), Int, Named("message"), InOut(TIME)]).restartable(),
    offloaded(307, "sendmmsg", &[Fd, MessagesIn(2), Int, Named("message")]).restartable(),
];

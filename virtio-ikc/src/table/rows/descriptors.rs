//! Calls on descriptors whatever they stand for, and those that make pipes, events and watches.

use super::build::{
    ENOSYS, EPERM, EPOLL_EVENT, POLLFD, QUAD, TIME, TIME_PAIR, bytes, each, local_first, offloaded, refused,
};
use crate::table::Argument::{
    DirFd, Fcntl, Fd, Hex, In, InOut, Int, Ioctl, Long, Named, Out, Path, Text, WaitMask, WaitMaskPair,
};
use crate::table::{Call, Size};

const SIGNAL_FD: &str =
    "Its signals stay pending in Linux while they are blocked. Threads that look at once may take each other's.";
const FANOTIFY: &str = "Watching whole file systems needs CAP_SYS_ADMIN, which a job is not given.";

#[rustfmt::skip]
pub(super) const ROWS: &[Call] = &[
    offloaded(3, "close", &[Fd]),
    offloaded(32, "dup", &[Fd]),
    offloaded(33, "dup2", &[Fd, Fd]),
    offloaded(292, "dup3", &[Fd, Fd, Named("pipe")]),
    local_first(436, "close_range", &[Int, Int, Named("close_range")],
        "The range is cut so that it leaves the proxy's own descriptors out."),
    offloaded(72, "fcntl", &[Fd, Named("fcntl"), Fcntl]).restartable(),
    offloaded(16, "ioctl", &[Fd, Named("ioctl"), Ioctl]).restartable(),
    offloaded(73, "flock", &[Fd, Named("flock")]).restartable(),
    offloaded(22, "pipe", &[Out(QUAD)]),
    offloaded(293, "pipe2", &[Out(QUAD), Named("pipe")]),
    offloaded(284, "eventfd", &[Int]),
    offloaded(290, "eventfd2", &[Int, Named("eventfd")]),
    offloaded(319, "memfd_create", &[Text, Named("memfd")]),
    refused(447, "memfd_secret", ENOSYS, &[Hex], "Secret memory cannot be mapped into a partition."),

    offloaded(7, "poll", &[InOut(each(1, POLLFD)), Int, Int]).interruptible(),
    offloaded(271, "ppoll", &[InOut(each(1, POLLFD)), Int, InOut(TIME), WaitMask(4), Long]).interruptible(),
    offloaded(23, "select", &[Int, InOut(Size::BitSet(0)), InOut(Size::BitSet(0)), InOut(Size::BitSet(0)), InOut(TIME)])
        .interruptible(),
    offloaded(270, "pselect6",
        &[Int, InOut(Size::BitSet(0)), InOut(Size::BitSet(0)), InOut(Size::BitSet(0)), InOut(TIME), WaitMaskPair])
        .interruptible(),

    offloaded(213, "epoll_create", &[Int]),
    offloaded(291, "epoll_create1", &[Named("epoll_create")]),
    offloaded(232, "epoll_wait", &[Fd, Out(each(2, EPOLL_EVENT)), Int, Int]).interruptible(),
    offloaded(233, "epoll_ctl", &[Fd, Named("epoll_ctl"), Fd, In(Size::Fixed(EPOLL_EVENT))]),
    offloaded(281, "epoll_pwait", &[Fd, Out(each(2, EPOLL_EVENT)), Int, Int, WaitMask(5), Long]).interruptible(),
    offloaded(441, "epoll_pwait2", &[Fd, Out(each(2, EPOLL_EVENT)), Int, In(TIME), WaitMask(5), Long]).interruptible(),

    offloaded(283, "timerfd_create", &[Named("clock"), Named("timerfd")]),
    offloaded(286, "timerfd_settime", &[Fd, Named("timerfd_settime"), In(TIME_PAIR), Out(TIME_PAIR)]),
    offloaded(287, "timerfd_gettime", &[Fd, Out(TIME_PAIR)]),
    local_first(282, "signalfd", &[Int, In(bytes(2)), Long], SIGNAL_FD),
    local_first(289, "signalfd4", &[Int, In(bytes(2)), Long, Named("signalfd")], SIGNAL_FD),

    offloaded(253, "inotify_init", &[]),
    offloaded(254, "inotify_add_watch", &[Fd, Path, Named("inotify")]),
    offloaded(255, "inotify_rm_watch", &[Fd, Int]),
    offloaded(294, "inotify_init1", &[Named("inotify_init")]),
    refused(300, "fanotify_init", EPERM, &[Hex, Named("open")], FANOTIFY),
    refused(301, "fanotify_mark", EPERM, &[Fd, Hex, Hex, DirFd, Path], FANOTIFY),
];

//! Names of the numbers in calls on descriptors.

use super::set::Set;

#[rustfmt::skip]
pub(super) const SETS: &[Set] = &[
    // fcntl(2)
    Set {
        name: "fcntl",
        mask: u32::MAX,
        values: &[
            (0, "F_DUPFD"), (1, "F_GETFD"), (2, "F_SETFD"), (3, "F_GETFL"), (4, "F_SETFL"), (5, "F_GETLK"),
            (6, "F_SETLK"), (7, "F_SETLKW"), (8, "F_SETOWN"), (9, "F_GETOWN"), (0xa, "F_SETSIG"), (0xb, "F_GETSIG"),
            (0xf, "F_SETOWN_EX"), (0x10, "F_GETOWN_EX"), (0x11, "F_GETOWNER_UIDS"), (0x24, "F_OFD_GETLK"),
            (0x25, "F_OFD_SETLK"), (0x26, "F_OFD_SETLKW"), (0x400, "F_SETLEASE"), (0x401, "F_GETLEASE"),
            (0x402, "F_NOTIFY"), (0x403, "F_DUPFD_QUERY"), (0x404, "F_CREATED_QUERY"), (0x406, "F_DUPFD_CLOEXEC"),
            (0x407, "F_SETPIPE_SZ"), (0x408, "F_GETPIPE_SZ"), (0x409, "F_ADD_SEALS"), (0x40a, "F_GET_SEALS"),
            (0x40b, "F_GET_RW_HINT"), (0x40c, "F_SET_RW_HINT"), (0x40d, "F_GET_FILE_RW_HINT"),
            (0x40e, "F_SET_FILE_RW_HINT"),
        ],
        unknown: "F_???",
        ..Set::EMPTY
    },
    // F_SETFD of fcntl(2)
    Set {
        name: "descriptor",
        flags: &[(1, "FD_CLOEXEC")],
        unknown: "FD_???",
        ..Set::EMPTY
    },
    // the type of a struct flock
    Set {
        name: "lock",
        mask: u32::MAX,
        values: &[(0, "F_RDLCK"), (1, "F_WRLCK"), (2, "F_UNLCK")],
        unknown: "F_???",
        ..Set::EMPTY
    },
    // F_ADD_SEALS of fcntl(2)
    Set {
        name: "seals",
        flags: &[
            (1, "F_SEAL_SEAL"), (2, "F_SEAL_SHRINK"), (4, "F_SEAL_GROW"), (8, "F_SEAL_WRITE"),
            (0x10, "F_SEAL_FUTURE_WRITE"), (0x20, "F_SEAL_EXEC"),
        ],
        unknown: "F_SEAL_???",
        ..Set::EMPTY
    },
    // pipe2(2), dup3(2) and other makers of descriptors
    Set {
        name: "pipe",
        flags: &[
            (0x0008_0000, "O_CLOEXEC"), (0x800, "O_NONBLOCK"), (0x4000, "O_DIRECT"), (0x80, "O_EXCL"),
            (0x200, "O_TRUNC"),
        ],
        unknown: "O_???",
        ..Set::EMPTY
    },
    // close_range(2)
    Set {
        name: "close_range",
        flags: &[(2, "CLOSE_RANGE_UNSHARE"), (4, "CLOSE_RANGE_CLOEXEC")],
        unknown: "CLOSE_RANGE_???",
        ..Set::EMPTY
    },
    // epoll_create1(2)
    Set {
        name: "epoll_create",
        flags: &[(0x0008_0000, "EPOLL_CLOEXEC")],
        unknown: "EPOLL_???",
        ..Set::EMPTY
    },
    // epoll_ctl(2)
    Set {
        name: "epoll_ctl",
        mask: u32::MAX,
        values: &[(1, "EPOLL_CTL_ADD"), (2, "EPOLL_CTL_DEL"), (3, "EPOLL_CTL_MOD")],
        unknown: "EPOLL_CTL_???",
        ..Set::EMPTY
    },
    // the events of epoll_ctl(2)
    Set {
        name: "epoll_events",
        flags: &[
            (1, "EPOLLIN"), (2, "EPOLLPRI"), (4, "EPOLLOUT"), (8, "EPOLLERR"), (0x10, "EPOLLHUP"),
            (0x40, "EPOLLRDNORM"), (0x80, "EPOLLRDBAND"), (0x100, "EPOLLWRNORM"), (0x200, "EPOLLWRBAND"),
            (0x400, "EPOLLMSG"), (0x2000, "EPOLLRDHUP"), (0x1000_0000, "EPOLLEXCLUSIVE"),
            (0x2000_0000, "EPOLLWAKEUP"), (0x4000_0000, "EPOLLONESHOT"), (0x8000_0000, "EPOLLET"),
        ],
        unknown: "EPOLL???",
        ..Set::EMPTY
    },
    // poll(2)
    Set {
        name: "poll",
        flags: &[
            (1, "POLLIN"), (2, "POLLPRI"), (4, "POLLOUT"), (8, "POLLERR"), (0x10, "POLLHUP"), (0x20, "POLLNVAL"),
            (0x40, "POLLRDNORM"), (0x80, "POLLRDBAND"), (0x100, "POLLWRNORM"), (0x200, "POLLWRBAND"),
            (0x400, "POLLMSG"), (0x2000, "POLLRDHUP"),
        ],
        unknown: "POLL???",
        ..Set::EMPTY
    },
    // eventfd(2)
    Set {
        name: "eventfd",
        flags: &[(1, "EFD_SEMAPHORE"), (0x800, "EFD_NONBLOCK"), (0x0008_0000, "EFD_CLOEXEC")],
        unknown: "EFD_???",
        ..Set::EMPTY
    },
    // signalfd(2)
    Set {
        name: "signalfd",
        flags: &[(0x800, "SFD_NONBLOCK"), (0x0008_0000, "SFD_CLOEXEC")],
        unknown: "SFD_???",
        ..Set::EMPTY
    },
    // timerfd_create(2)
    Set {
        name: "timerfd",
        flags: &[(0x800, "TFD_NONBLOCK"), (0x0008_0000, "TFD_CLOEXEC")],
        unknown: "TFD_???",
        ..Set::EMPTY
    },
    // timerfd_settime(2)
    Set {
        name: "timerfd_settime",
        flags: &[(1, "TFD_TIMER_ABSTIME"), (2, "TFD_TIMER_CANCEL_ON_SET")],
        unknown: "TFD_???",
        ..Set::EMPTY
    },
    // inotify_init1(2)
    Set {
        name: "inotify_init",
        flags: &[(0x800, "IN_NONBLOCK"), (0x0008_0000, "IN_CLOEXEC")],
        unknown: "IN_???",
        ..Set::EMPTY
    },
    // pidfd_open(2)
    Set {
        name: "pidfd",
        flags: &[(0x800, "PIDFD_NONBLOCK"), (0x80, "PIDFD_THREAD")],
        unknown: "PIDFD_???",
        ..Set::EMPTY
    },
];

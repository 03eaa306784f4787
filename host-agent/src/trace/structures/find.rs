//! Which structure an argument points to.

use super::known::{Known, array, one};
use super::{descriptors, files, processes, signals, sockets, times};
use crate::trace::view::View;
use virtio_ikc::table::ioctl::Shape;

/// The structure that argument `position` points to, if it is one that is worth reading.
pub(super) fn find(view: View<'_>, position: usize) -> Option<Known> {
    in_files(view, position)
        .or_else(|| in_descriptors(view, position))
        .or_else(|| in_sockets(view, position))
        .or_else(|| in_processes(view, position))
        .or_else(|| in_times(view, position))
        .or_else(|| in_signals(view, position))
}

fn in_files(view: View<'_>, position: usize) -> Option<Known> {
    Some(match (view.call.name, position) {
        ("stat" | "lstat" | "fstat", 1) | ("newfstatat", 2) => one(144, files::stat),
        ("statfs" | "fstatfs", 1) => one(120, files::statfs),
        ("statx", 4) => one(256, files::statx),
        ("openat2", 2) => one(24, files::open_how),
        ("sendfile", 2) | ("splice" | "copy_file_range", 1 | 3) => array(8, 1, files::offset),
        ("utimes", 1) | ("futimesat", 2) => array(16, 2, times::micros),
        ("utimensat", 2) => array(16, 2, times::file_time),
        ("utime", 1) => array(8, 2, files::offset),
        _ => return None,
    })
}

fn in_descriptors(view: View<'_>, position: usize) -> Option<Known> {
    const FLOCK: u32 = 32;
    Some(match (view.call.name, position) {
        ("pipe" | "pipe2", 0) => array(4, 2, descriptors::int),
        ("poll" | "ppoll", 0) => array(8, view.count(1), descriptors::pollfd),
        ("select" | "pselect6", 1..=3) => one(8, descriptors::set),
        ("epoll_ctl", 3) => one(12, descriptors::epoll_event),
        ("epoll_wait" | "epoll_pwait" | "epoll_pwait2", 1) => array(12, view.success()?, descriptors::epoll_event),
        ("fcntl", 2) => match crate::trace::argument::shape(view) {
            Shape::Buffer(_, FLOCK) => one(32, descriptors::lock),
            _ => return None,
        },
        ("ioctl", 2) => return in_requests(view),
        _ => return None,
    })
}

fn in_requests(view: View<'_>) -> Option<Known> {
    const TIOCGWINSZ: i32 = 0x5413;
    const TIOCSWINSZ: i32 = 0x5414;
    match (view.int(1), crate::trace::argument::shape(view)) {
        (TIOCGWINSZ | TIOCSWINSZ, _) => Some(one(8, descriptors::window_size)),
        (_, Shape::Buffer(_, 36 | 44)) => Some(one(36, descriptors::terminal)),
        (_, Shape::Buffer(_, 4)) => Some(array(4, 1, descriptors::int)),
        _ => None,
    }
}

fn in_sockets(view: View<'_>, position: usize) -> Option<Known> {
    Some(match (view.call.name, position) {
        ("connect" | "bind" | "accept" | "accept4" | "getsockname" | "getpeername", 1) | ("sendto" | "recvfrom", 4) => {
            one(2, sockets::address)
        }
        ("accept" | "accept4" | "getsockname" | "getpeername", 2) | ("recvfrom", 5) | ("getsockopt", 4) => {
            array(4, 1, descriptors::int)
        }
        ("socketpair", 3) => array(4, 2, descriptors::int),
        ("setsockopt" | "getsockopt", 3) if view.capture(position).len() == 4 => array(4, 1, descriptors::int),
        ("sendmsg" | "recvmsg", 1) => one(56, sockets::message),
        _ => return None,
    })
}

fn in_processes(view: View<'_>, position: usize) -> Option<Known> {
    Some(match (view.call.name, position) {
        ("getrlimit" | "setrlimit", 1) | ("prlimit64", 2 | 3) => one(16, processes::limit),
        ("getrusage", 1) | ("wait4", 3) | ("waitid", 4) => one(144, processes::usage),
        ("wait4", 1) => array(4, 1, processes::wait_status),
        ("getresuid" | "getresgid", 0..=2)
        | ("getcpu", 0..=1)
        | ("sched_setparam" | "sched_getparam", 1)
        | ("sched_setscheduler", 2) => array(4, 1, descriptors::int),
        ("getgroups", 1) => array(4, view.success()?, descriptors::int),
        ("setgroups", 1) => array(4, view.count(0), descriptors::int),
        ("uname", 0) => one(195, processes::names),
        ("sched_getaffinity", 2) => one(8, descriptors::set),
        ("sched_setaffinity", 2) => one(1, descriptors::set),
        _ => return None,
    })
}

fn in_times(view: View<'_>, position: usize) -> Option<Known> {
    Some(match (view.call.name, position) {
        ("gettimeofday", 0) | ("select", 4) => one(16, times::micros),
        ("setitimer", 1 | 2) | ("getitimer", 1) => one(32, times::micros_interval),
        ("timerfd_settime" | "timer_settime", 2 | 3) | ("timerfd_gettime" | "timer_gettime", 1) => {
            one(32, times::nanos_interval)
        }
        ("clock_gettime" | "clock_getres" | "sched_rr_get_interval", 1)
        | ("nanosleep", 0 | 1)
        | ("clock_nanosleep", 2 | 3)
        | ("ppoll" | "rt_sigtimedwait", 2)
        | ("pselect6" | "recvmmsg" | "mq_timedsend" | "mq_timedreceive", 4)
        | ("epoll_pwait2", 3) => one(16, times::nanos),
        ("timer_create", 2) => array(4, 1, descriptors::int),
        _ => return None,
    })
}

fn in_signals(view: View<'_>, position: usize) -> Option<Known> {
    Some(match (view.call.name, position) {
        ("rt_sigaction", 1 | 2) => one(32, signals::action),
        ("rt_sigprocmask", 1 | 2)
        | ("rt_sigpending" | "rt_sigsuspend" | "rt_sigtimedwait", 0)
        | ("signalfd" | "signalfd4", 1)
        | ("ppoll", 3)
        | ("epoll_pwait" | "epoll_pwait2", 4) => one(8, signals::set),
        ("sigaltstack", 0 | 1) => one(24, signals::stack),
        _ => return None,
    })
}

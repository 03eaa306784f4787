//! What the third argument of fcntl(2) is.

use super::ioctl::Shape;
use crate::message::Direction;

/// `struct flock`.
const LOCK: u32 = 32;
/// `struct f_owner_ex`, or a pair of user ids.
const OWNER: u32 = 8;
/// A `uint64_t` hint.
const HINT: u32 = 8;

const SET_LOCK_AND_WAIT: u32 = 7;
const SET_OPEN_FILE_LOCK_AND_WAIT: u32 = 38;

/// What `command` makes of its argument. The numbers are those of Linux's include/uapi/linux/fcntl.h.
#[must_use]
pub const fn shape(command: u32) -> Shape {
    match command {
        // F_GETFD, F_GETFL, F_GETOWN, F_GETSIG, F_GETLEASE, F_CREATED_QUERY, F_GETPIPE_SZ, F_GET_SEALS
        1 | 3 | 9 | 11 | 1025 | 1028 | 1032 | 1034 => Shape::None,
        // F_DUPFD, F_SETFD, F_SETFL, F_SETOWN, F_SETSIG, F_SETLEASE, F_NOTIFY, F_DUPFD_QUERY, F_DUPFD_CLOEXEC,
        // F_SETPIPE_SZ, F_ADD_SEALS
        0 | 2 | 4 | 8 | 10 | 1024 | 1026 | 1027 | 1030 | 1031 | 1033 => Shape::Value,
        // F_GETLK, F_OFD_GETLK
        5 | 36 => Shape::Buffer(Direction::IN_OUT, LOCK),
        // F_SETLK, F_OFD_SETLK
        6 | SET_LOCK_AND_WAIT | 37 | SET_OPEN_FILE_LOCK_AND_WAIT => Shape::Buffer(Direction::IN, LOCK),
        // F_SETOWN_EX
        15 => Shape::Buffer(Direction::IN, OWNER),
        // F_GETOWN_EX, F_GETOWNER_UIDS
        16 | 17 => Shape::Buffer(Direction::OUT, OWNER),
        // F_GET_RW_HINT, F_GET_FILE_RW_HINT
        1035 | 1037 => Shape::Buffer(Direction::OUT, HINT),
        // F_SET_RW_HINT, F_SET_FILE_RW_HINT
        1036 | 1038 => Shape::Buffer(Direction::IN, HINT),
        _ => Shape::Opaque,
    }
}

/// Whether `command` can wait for something that another must do.
#[must_use]
pub const fn may_wait(command: u32) -> bool {
    matches!(command, SET_LOCK_AND_WAIT | SET_OPEN_FILE_LOCK_AND_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_read_and_only_asking_for_one_writes_it() {
        assert_eq!(shape(5), Shape::Buffer(Direction::IN_OUT, 32));
        assert_eq!(shape(6), Shape::Buffer(Direction::IN, 32));
        assert!(may_wait(7) && !may_wait(6));
    }

    #[test]
    fn an_unknown_command_is_left_to_linux_without_memory() {
        assert_eq!(shape(12), Shape::Opaque);
        assert_eq!(shape(u32::MAX), Shape::Opaque);
    }
}

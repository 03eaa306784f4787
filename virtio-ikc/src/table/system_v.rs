//! What the last argument of semctl(2) and msgctl(2) is: each command decides.

use super::ioctl::Shape;
use crate::message::Direction;

/// `struct semid64_ds`, `struct msqid64_ds`.
pub const SEMAPHORES: u32 = 104;
const QUEUE: u32 = 120;
/// `struct seminfo`, `struct msginfo`.
const SEMAPHORE_INFORMATION: u32 = 40;
const QUEUE_INFORMATION: u32 = 32;
/// The values of a set of as many semaphores as there can be (`SEMMSL`). The LWK names as many bytes as the set has.
const ALL_VALUES: u32 = 32_000 * 2;

/// IPC_STAT.
pub const STATE: u32 = 2;
/// GETALL and SETALL of semctl(2).
pub const GET_ALL: u32 = 13;
/// See [`GET_ALL`].
pub const SET_ALL: u32 = 17;

/// What `command` of semctl(2) makes of its argument. Numbers are those of Linux's include/uapi/linux/{ipc,sem}.h.
#[must_use]
pub const fn semaphores(command: u32) -> Shape {
    match command {
        // IPC_RMID, GETPID, GETVAL, GETNCNT, GETZCNT
        0 | 11 | 12 | 14 | 15 => Shape::None,
        // SETVAL
        16 => Shape::Value,
        // IPC_SET
        1 => Shape::Buffer(Direction::IN, SEMAPHORES),
        // IPC_STAT, SEM_STAT, SEM_STAT_ANY
        STATE | 18 | 20 => Shape::Buffer(Direction::OUT, SEMAPHORES),
        // IPC_INFO, SEM_INFO
        3 | 19 => Shape::Buffer(Direction::OUT, SEMAPHORE_INFORMATION),
        GET_ALL => Shape::Buffer(Direction::OUT, ALL_VALUES),
        SET_ALL => Shape::Buffer(Direction::IN, ALL_VALUES),
        _ => Shape::Opaque,
    }
}

/// What `command` of msgctl(2) makes of its argument.
#[must_use]
pub const fn queue(command: u32) -> Shape {
    match command {
        // IPC_RMID
        0 => Shape::None,
        // IPC_SET
        1 => Shape::Buffer(Direction::IN, QUEUE),
        // IPC_STAT, MSG_STAT, MSG_STAT_ANY
        STATE | 11 | 13 => Shape::Buffer(Direction::OUT, QUEUE),
        // IPC_INFO, MSG_INFO
        3 | 12 => Shape::Buffer(Direction::OUT, QUEUE_INFORMATION),
        _ => Shape::Opaque,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_takes_a_number_is_given_no_memory() {
        assert_eq!((semaphores(16), semaphores(0), queue(0)), (Shape::Value, Shape::None, Shape::None));
    }

    #[test]
    fn states_are_read_and_written_in_their_directions() {
        assert_eq!(semaphores(STATE), Shape::Buffer(Direction::OUT, 104));
        assert_eq!(queue(1), Shape::Buffer(Direction::IN, 120));
        assert_eq!((semaphores(77), queue(77)), (Shape::Opaque, Shape::Opaque));
    }
}

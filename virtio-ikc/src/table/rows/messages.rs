//! Message queues, semaphores and keys.

use super::build::{ENOSYS, TIME, WORD, bytes, each, local_first, offloaded, refused};
use crate::table::Argument::{Fd, Hex, In, Int, Long, Mode, Named, Out, QueueControl, SemaphoreControl, Text};
use crate::table::{Call, Size};

const ALL_VALUES: &str = "The LWK asks how many semaphores there are before it names memory for all their values.";
const NOTICE: &str = "The third argument is the LWK's: what SIGEV_THREAD's structure points to.";
const NO_KEYS: &str = "What its arguments are, each operation decides; as a kernel without CONFIG_KEYS.";

/// A message of System V: its type, and as many bytes as the third argument says.
const MESSAGE: Size = Size::Behind(2, 8);
/// `struct sigevent`.
const EVENT: Size = Size::Fixed(64);
/// What SIGEV_THREAD lets mq_notify(3) send to a socket.
const COOKIE: Size = Size::Fixed(32);
/// `struct mq_attr`.
const QUEUE_ATTRIBUTES: Size = Size::Fixed(64);

#[rustfmt::skip]
pub(super) const ROWS: &[Call] = &[
    offloaded(240, "mq_open", &[Text, Named("open"), Mode, In(QUEUE_ATTRIBUTES)]),
    offloaded(241, "mq_unlink", &[Text]),
    offloaded(242, "mq_timedsend", &[Fd, In(bytes(2)), Long, Int, In(TIME)]).restartable(),
    offloaded(243, "mq_timedreceive", &[Fd, Out(bytes(2)), Long, Out(WORD), In(TIME)]).restartable(),
    local_first(244, "mq_notify", &[Fd, In(EVENT), In(COOKIE)], NOTICE),
    offloaded(245, "mq_getsetattr", &[Fd, In(QUEUE_ATTRIBUTES), Out(QUEUE_ATTRIBUTES)]),

    offloaded(64, "semget", &[Int, Int, Hex]),
    offloaded(65, "semop", &[Int, In(each(2, 6)), Int]).interruptible(),
    local_first(66, "semctl", &[Int, Int, Int, SemaphoreControl], ALL_VALUES),
    offloaded(68, "msgget", &[Int, Hex]),
    offloaded(69, "msgsnd", &[Int, In(MESSAGE), Long, Hex]).interruptible(),
    offloaded(70, "msgrcv", &[Int, Out(MESSAGE), Long, Long, Hex]).interruptible(),
    offloaded(71, "msgctl", &[Int, Int, QueueControl]),
    offloaded(220, "semtimedop", &[Int, In(each(2, 6)), Int, In(TIME)]).interruptible(),

    refused(248, "add_key", ENOSYS, &[Text, Text, In(bytes(3)), Long, Int], NO_KEYS),
    refused(249, "request_key", ENOSYS, &[Text, Text, Text, Int], NO_KEYS),
    refused(250, "keyctl", ENOSYS, &[Int, Hex, Hex, Hex, Hex], NO_KEYS),
];

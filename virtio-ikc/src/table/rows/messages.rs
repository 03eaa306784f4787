//! Message queues, semaphores and keys.

use super::build::{ENOSYS, TIME, WORD, bytes, offloaded, refused};
use crate::table::Argument::{Address, Fd, Hex, In, Int, Long, Mode, Named, Out, Text};
use crate::table::{Call, Size};

const NO_SYSTEM_V: &str = "What its last argument is, each command decides; as a kernel without CONFIG_SYSVIPC.";
const NO_KEYS: &str = "What its arguments are, each operation decides; as a kernel without CONFIG_KEYS.";

/// `struct mq_attr`.
const QUEUE_ATTRIBUTES: Size = Size::Fixed(64);

#[rustfmt::skip]
pub(super) const ROWS: &[Call] = &[
    offloaded(240, "mq_open", &[Text, Named("open"), Mode, In(QUEUE_ATTRIBUTES)]),
    offloaded(241, "mq_unlink", &[Text]),
    offloaded(242, "mq_timedsend", &[Fd, In(bytes(2)), Long, Int, In(TIME)]).restartable(),
    offloaded(243, "mq_timedreceive", &[Fd, Out(bytes(2)), Long, Out(WORD), In(TIME)]).restartable(),
    refused(244, "mq_notify", ENOSYS, &[Fd, Address], "Its structure can hold a pointer that Linux follows."),
    offloaded(245, "mq_getsetattr", &[Fd, In(QUEUE_ATTRIBUTES), Out(QUEUE_ATTRIBUTES)]),

    refused(64, "semget", ENOSYS, &[Int, Int, Hex], NO_SYSTEM_V),
    refused(65, "semop", ENOSYS, &[Int, Address, Int], NO_SYSTEM_V),
    refused(66, "semctl", ENOSYS, &[Int, Int, Int, Address], NO_SYSTEM_V),
    refused(68, "msgget", ENOSYS, &[Int, Hex], NO_SYSTEM_V),
    refused(69, "msgsnd", ENOSYS, &[Int, Address, Long, Hex], NO_SYSTEM_V),
    refused(70, "msgrcv", ENOSYS, &[Int, Address, Long, Long, Hex], NO_SYSTEM_V),
    refused(71, "msgctl", ENOSYS, &[Int, Int, Address], NO_SYSTEM_V),
    refused(220, "semtimedop", ENOSYS, &[Int, Address, Int, In(TIME)], NO_SYSTEM_V),

    refused(248, "add_key", ENOSYS, &[Text, Text, In(bytes(3)), Long, Int], NO_KEYS),
    refused(249, "request_key", ENOSYS, &[Text, Text, Text, Int], NO_KEYS),
    refused(250, "keyctl", ENOSYS, &[Int, Hex, Hex, Hex, Hex], NO_KEYS),
];

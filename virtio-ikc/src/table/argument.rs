//! What an argument of a call is: the whole knowledge that is needed to move it, check it and print it.

use super::ioctl::Shape;
use super::{fcntl, ioctl, system_v};
use crate::message::Direction;

/// How many bytes a pointer argument points to.
///
/// A length that an [`Argument::Int`] gives is its low 32 bits, unsigned: Linux may take it so, and where it takes a
/// negative one for an error it does so before it looks at the memory. The memory handed to Linux must never be
/// shorter than what Linux believes it to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Size {
    /// Always the same.
    Fixed(u32),
    /// As many as the argument with this position says.
    Argument(u8),
    /// As many as the argument with this position says, and so many before them (msgsnd(2): a message's type).
    Behind(u8, u32),
    /// The argument with this position times the size of an element.
    Elements(u8, u32),
    /// A set of as many bits as the argument with this position says, in whole 64-bit words (select(2)).
    BitSet(u8),
    /// As many as the 32-bit number says that the argument with this position points to (a value-result
    /// length, as of getsockname(2)). A null pointer there means none.
    Pointed(u8),
}

/// What an argument of a call is.
///
/// Pointers: a null pointer is handed to Linux as a null pointer, one that the program may not access as an address
/// that faults; Linux itself then answers as it does natively.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Argument {
    /// A signed number (the low 32 bits count unless `Long`).
    Int,
    /// A signed 64-bit number, an offset or a size.
    Long,
    /// A number that is printed in hexadecimal: flags, a device, a cookie.
    Hex,
    /// File permission bits, printed in octal.
    Mode,
    /// A number that has names: the trace prints those of the named set (such as "open" for `O_RDONLY|O_CLOEXEC`).
    Named(&'static str),
    /// A signal's number.
    Signal,
    /// A file descriptor of the program; those of the proxy itself are refused with EBADF.
    Fd,
    /// A directory's descriptor, or `AT_FDCWD`.
    DirFd,
    /// A process, thread or process-group id.
    Pid,
    /// An address in the program's own memory that means something to the LWK only. A call that has one is never
    /// executed by the proxy as it stands.
    Address,
    /// A path: NUL-terminated, at most 4096 bytes with the NUL.
    Path,
    /// Another string, such as an attribute's name: NUL-terminated, at most 4096 bytes with the NUL.
    Text,
    /// Memory that Linux reads.
    In(Size),
    /// Memory that Linux writes.
    Out(Size),
    /// Memory that Linux reads and writes.
    InOut(Size),
    /// An iovec array whose length the argument with this position gives; Linux reads the memory it names.
    VectorIn(u8),
    /// The same; Linux writes the memory it names.
    VectorOut(u8),
    /// A msghdr to send.
    MessageIn,
    /// A msghdr to receive into.
    MessageOut,
    /// An array of mmsghdr to send; the argument with this position gives its length.
    MessagesIn(u8),
    /// An array of mmsghdr to receive into.
    MessagesOut(u8),
    /// A signal mask that holds while the call waits; the LWK applies it and Linux is given none. The argument
    /// with this position is its size.
    WaitMask(u8),
    /// pselect6(2)'s pointer to a pair of mask and size; as `WaitMask`.
    WaitMaskPair,
    /// The third argument of ioctl(2): what it is follows from the request, see [`crate::table::ioctl`].
    Ioctl,
    /// The third argument of fcntl(2): what it is follows from the command, see [`crate::table::fcntl`].
    Fcntl,
    /// The last argument of semctl(2): what it is follows from the command, see [`crate::table::system_v`].
    SemaphoreControl,
    /// The last argument of msgctl(2): as `SemaphoreControl`.
    QueueControl,
    /// Must be there in the call, means nothing.
    Unused,
}

impl Size {
    /// The position of the argument that the size depends on.
    #[must_use]
    pub const fn depends_on(self) -> Option<u8> {
        match self {
            Self::Fixed(_) => None,
            Self::Argument(position)
            | Self::Elements(position, _)
            | Self::Behind(position, _)
            | Self::BitSet(position)
            | Self::Pointed(position) => Some(position),
        }
    }
}

impl Argument {
    /// Which way the bytes go that a plain pointer argument points to, and how many there are.
    #[must_use]
    pub const fn plain_buffer(self) -> Option<(Direction, Size)> {
        match self {
            Self::In(size) => Some((Direction::IN, size)),
            Self::Out(size) => Some((Direction::OUT, size)),
            Self::InOut(size) => Some((Direction::IN_OUT, size)),
            _ => None,
        }
    }

    /// Whether the argument never points to memory.
    #[must_use]
    pub const fn is_number(self) -> bool {
        matches!(
            self,
            Self::Int
                | Self::Long
                | Self::Hex
                | Self::Mode
                | Self::Named(_)
                | Self::Signal
                | Self::Fd
                | Self::DirFd
                | Self::Pid
                | Self::Unused
        )
    }

    /// What the argument is if another one, a command, decides.
    #[must_use]
    pub fn commanded(self, arguments: &[u64; 6]) -> Option<Shape> {
        let command = |position: usize| u32::try_from(arguments[position] & 0xffff_ffff).unwrap_or(u32::MAX);
        match self {
            Self::Ioctl => Some(ioctl::shape(command(1))),
            Self::Fcntl => Some(fcntl::shape(command(1))),
            Self::SemaphoreControl => Some(system_v::semaphores(command(2))),
            Self::QueueControl => Some(system_v::queue(command(1))),
            _ => None,
        }
    }

    /// The position of the argument that says how much memory this one names.
    #[must_use]
    pub const fn length_position(self) -> Option<u8> {
        match self {
            Self::In(size) | Self::Out(size) | Self::InOut(size) => size.depends_on(),
            Self::VectorIn(position)
            | Self::VectorOut(position)
            | Self::MessagesIn(position)
            | Self::MessagesOut(position)
            | Self::WaitMask(position) => Some(position),
            _ => None,
        }
    }
}

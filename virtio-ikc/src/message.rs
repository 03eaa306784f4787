//! What travels over the ring: requests, replies and events.
//!
//! A request is one block of memory: a header, the buffers that the call names, and the guest-physical segments
//! those buffers lie in. Segments are written into the request rather than chained as descriptors because one
//! buffer can be both read and written and belongs to one argument of the call; a chain could say neither.
//! Everything here is plain data at fixed places: the receiver copies it once, then checks the copy.

use crate::address::GuestPhysical;

/// Version of the messages and of the table's numbering. Both sides must be of the same version.
pub const VERSION: u32 = 4;

/// Bytes of one request slot in a request queue.
pub const REQUEST_BYTES: usize = 1024;
/// Bytes of one event slot in the event queue.
pub const EVENT_BYTES: usize = 128;
/// Buffers that one request can name.
pub const MAX_BUFFERS: usize = 8;
/// Segments that fit into the request itself; longer tables are named by address.
pub const INLINE_SEGMENTS: usize = 48;
/// Segments that one request can name altogether.
pub const MAX_SEGMENTS: usize = 16_384;

/// What a request asks for. Open: an unknown number is a malformed request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct Operation(pub u32);

impl Operation {
    /// Execute the Linux system call `number` on behalf of the thread.
    pub const CALL: Self = Self(1);
    /// Interrupt the request whose sequence number is `arguments[0]` and whose queue is `arguments[1]`, if it
    /// is still running. The interrupted request is answered with `-EINTR`, or with its result if it was done.
    pub const INTERRUPT: Self = Self(2);
    /// The process ends with exit code `arguments[0]`, or by signal `arguments[1]` when that is not 0; the
    /// proxy ends the same way. There is no reply.
    pub const EXIT: Self = Self(3);
    /// Open the file that a mapping needs: `arguments[0]` descriptor, `arguments[1]` protection,
    /// `arguments[2]` flags (as of mmap(2)). Answers a file handle in `result`, the file's size in
    /// `values[0]`, its device in `values[1]`, its inode in `values[2]`, and in `values[3]` bit 0 when it is
    /// /dev/zero, bit 1 when a shared mapping of it may be written.
    pub const FILE_REFERENCE: Self = Self(4);
    /// Open an executable: the buffer of argument 1 (`Role::STRING`) is its path, `arguments[0]` a directory descriptor,
    /// `arguments[2]` AT_* flags. Permission is checked as execve(2) does. Answers as
    /// `FILE_REFERENCE` does; `values[1]` has bit 0 set when the file is set-user-id or set-group-id.
    pub const OPEN_EXECUTABLE: Self = Self(5);
    /// Read from file handle `arguments[0]` at offset `arguments[1]` into buffer 0 (argument 2, `OUT`), as pread(2)
    /// does; without a buffer nothing is read. Answers the file's size now in `values[0]`.
    pub const FILE_READ: Self = Self(6);
    /// Give file handle `arguments[0]` back.
    pub const FILE_RELEASE: Self = Self(7);
    /// Map `arguments[2]` bytes of file handle `arguments[0]` from offset `arguments[1]` at the offset
    /// `arguments[3]` of the window of shared mappings (the DAX window), writable when `arguments[4]` is 1.
    pub const WINDOW_MAP: Self = Self(8);
    /// Take `arguments[1]` bytes at offset `arguments[0]` of the window away.
    pub const WINDOW_UNMAP: Self = Self(9);
    /// Stop the proxy (and with it the job that it belongs to) by signal `arguments[0]`; answered when it
    /// has been continued. With 0 nothing is stopped: it is answered as soon as the proxy runs.
    pub const STOP: Self = Self(10);
    /// One line of `--trace`; see [`TraceRecord`]. Buffer 0 is the record.
    pub const TRACE: Self = Self(11);
    /// The program of file handle `arguments[0]`, started as buffer 0 (`Role::STRING`), has taken over the process:
    /// the proxy takes its name. With 1 in `arguments[1]` it replaced another one, and the proxy closes what
    /// execve(2) closes and forgets what execve(2) forgets.
    pub const NAME: Self = Self(12);
    /// Write back `arguments[1]` bytes at offset `arguments[0]` of the window, as msync(2) with the flags
    /// `arguments[2]` does.
    pub const WINDOW_SYNC: Self = Self(13);
    /// Make a child of the process, as fork(2) does. `arguments[0]` is the child's place on the notice board,
    /// `arguments[1]` and `arguments[2]` the guest-physical addresses of its request queue (of [`PROCESS_QUEUE_SIZE`]
    /// entries) and its event queue (of [`PROCESS_EVENTS`] entries), each laid out as one piece; `arguments[3]` the
    /// flags of clone(2) that concern Linux (`CLONE_PARENT`, and the exit signal in the low byte). Answers the
    /// child's pid; the child serves its queues from then on.
    pub const FORK: Self = Self(14);
    /// Make a thread of the process. Answers its tid.
    pub const THREAD_START: Self = Self(15);
    /// The thread whose tid is `arguments[0]` has ended.
    pub const THREAD_END: Self = Self(16);
    /// The thread whose tid is `arguments[0]` is called as buffer 0 (`Role::STRING`) says (prctl(2), `PR_SET_NAME`).
    pub const THREAD_NAME: Self = Self(17);
    /// What the process does about SIGCHLD, as far as Linux must know it: `arguments[0]` is 1 if it ignores the signal,
    /// `arguments[1]` has the flags `SA_NOCLDSTOP` and `SA_NOCLDWAIT` (sigaction(2)).
    pub const CHILD_SIGNAL: Self = Self(18);
    /// What the file of handle `arguments[0]` is called now, into buffer 0 (argument 1, `OUT`). Answers the length of the
    /// path, its device in `values[0]`, its inode in `values[1]`.
    pub const FILE_NAME: Self = Self(19);
    /// The descriptor `arguments[0]`, which Linux opened as a file of /proc or /sys, shows from now on what buffer 0
    /// (argument 2, `Role::WHOLE`) says of the partition; `arguments[1]` is the [`View`](crate::view::View).
    pub const VIEW: Self = Self(20);
    /// From now on the signals of the set `arguments[0]` (a kernel's `sigset_t`) stay pending in Linux, where descriptors
    /// of signalfd(2) find them; those of an earlier set that still wait become events before the reply. Answers the set of
    /// all that are pending in `values[0]`.
    pub const LEAVE_SIGNALS: Self = Self(21);
    /// Buffer 0 (argument 1, `IN`) is the `siginfo_t` of a signal that is to be pending in Linux after all.
    pub const RETURN_SIGNAL: Self = Self(22);
    /// The process was started with the arguments of buffer 0 (argument 0, `Role::WHOLE`), each with its NUL: what ps(1) shows on the host.
    pub const COMMAND_LINE: Self = Self(23);
}

/// Entries of a process's request queue.
pub const PROCESS_QUEUE_SIZE: u16 = crate::device::QUEUE_SIZE;
/// Entries of a process's event queue.
pub const PROCESS_EVENTS: u16 = 32;

/// The fixed head of every request. `arguments` are the call's raw arguments; an argument that is a pointer is
/// replaced by the buffers that name it, its number is kept for the trace only and never used as an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct RequestHeader {
    /// An [`Operation`].
    pub operation: u32,
    /// Number of the call, when the operation is `CALL`.
    pub call: u32,
    /// The calling process: the pid of its proxy.
    pub process: u32,
    /// The calling thread: the tid of its proxy thread.
    pub thread: u32,
    /// Grows by one with each request of a queue; names the request to `INTERRUPT`.
    pub sequence: u64,
    /// The arguments.
    pub arguments: [u64; 6],
    /// Where the segment table lies if it is not inline; 0 if it is.
    pub segment_table: u64,
    /// Entries in the segment table, at most [`MAX_SEGMENTS`] (at most [`INLINE_SEGMENTS`] inline).
    pub segment_count: u32,
    /// Entries of `buffers` that count, at most [`MAX_BUFFERS`].
    pub buffer_count: u32,
    /// The vCPU to interrupt when the reply is there and somebody waits for it.
    pub vcpu: u32,
    /// The terminal's signals that the caller blocks or ignores ([`CLOSED_TTIN`], [`CLOSED_TTOU`]): Linux decides by them whether
    /// it stops a job in the background or refuses it (termios(3)).
    pub closed_signals: u32,
}

/// The caller blocks or ignores SIGTTIN.
pub const CLOSED_TTIN: u32 = 1;
/// The caller blocks or ignores SIGTTOU.
pub const CLOSED_TTOU: u32 = 2;

/// What a buffer is to the call. Open: an unknown number is a malformed request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(transparent)]
pub struct Role(pub u8);

impl Role {
    /// The whole memory that a pointer argument points to.
    pub const WHOLE: Self = Self(0);
    /// The bytes of a NUL-terminated string, the NUL left out.
    pub const STRING: Self = Self(1);
    /// The memory that an iovec array names, in its order.
    pub const VECTOR: Self = Self(2);
    /// `msg_name` of a msghdr.
    pub const MESSAGE_NAME: Self = Self(3);
    /// `msg_control` of a msghdr.
    pub const MESSAGE_CONTROL: Self = Self(4);
    /// The msghdr itself, so that its lengths and flags can be written back.
    pub const MESSAGE_HEADER: Self = Self(5);
}

/// Which way a buffer's bytes go: bit 0, Linux reads it; bit 1, Linux writes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(transparent)]
pub struct Direction(pub u8);

impl Direction {
    /// Linux reads the buffer.
    pub const IN: Self = Self(1);
    /// Linux writes the buffer.
    pub const OUT: Self = Self(2);
    /// Linux reads and writes the buffer.
    pub const IN_OUT: Self = Self(3);

    /// Whether Linux writes the buffer.
    #[must_use]
    pub const fn is_out(self) -> bool {
        self.0 & 2 != 0
    }
}

/// One buffer of a request: `length` bytes that are the request's next `segment_count` segments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct BufferDescriptor {
    /// Which argument of the call it stands for, 0 to 5.
    pub argument: u8,
    /// A [`Role`].
    pub role: u8,
    /// A [`Direction`].
    pub direction: u8,
    /// Not 0 when memory that the program may not access follows the segments: Linux is given an address that
    /// faults for the rest of `length`, and so decides by itself between EFAULT, a short count and another error.
    pub faults: u8,
    /// How many segments belong to it.
    pub segment_count: u32,
    /// Its length in bytes, the part that faults included.
    pub length: u64,
}

/// A run of guest-physical memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Segment {
    /// First byte.
    pub address: GuestPhysical,
    /// Bytes, at least 1.
    pub length: u64,
}

/// A whole request slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Request {
    /// The fixed head.
    pub header: RequestHeader,
    /// The buffers, of which `header.buffer_count` count.
    pub buffers: [BufferDescriptor; MAX_BUFFERS],
    /// The segments, if `header.segment_table` is 0.
    pub segments: [Segment; INLINE_SEGMENTS],
    /// 0.
    pub reserved: [u64; 4],
}

impl Request {
    /// A request that asks for nothing yet.
    pub const EMPTY: Self = Self {
        header: RequestHeader {
            operation: 0,
            call: 0,
            process: 0,
            thread: 0,
            sequence: 0,
            arguments: [0; 6],
            segment_table: 0,
            segment_count: 0,
            buffer_count: 0,
            vcpu: 0,
            closed_signals: 0,
        },
        buffers: [BufferDescriptor { argument: 0, role: 0, direction: 0, faults: 0, segment_count: 0, length: 0 };
            MAX_BUFFERS],
        segments: [Segment { address: GuestPhysical(0), length: 0 }; INLINE_SEGMENTS],
        reserved: [0; 4],
    };
}

/// The answer to a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Reply {
    /// The sequence number of the request.
    pub sequence: u64,
    /// What Linux returned: a value, or a negated errno from -4095 to -1.
    pub result: i64,
    /// A signal that the call raised in the caller (SIGPIPE, SIGXFSZ), or 0. It is to be delivered before the
    /// call returns.
    pub signal: u32,
    /// Not 0 when the result is `-EINTR` because of an `INTERRUPT`.
    pub interrupted: u32,
    /// Further results of the operation.
    pub values: [u64; 4],
    /// 0.
    pub reserved: u64,
}

/// What an event tells. Open: the LWK ignores what it does not know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct EventKind(pub u32);

impl EventKind {
    /// Linux sent the process `process` (thread `thread`, or 0) a signal; `info` is its siginfo_t.
    pub const SIGNAL: Self = Self(1);
    /// The proxy `process`, whose place on the notice board is `thread`, is no more: nothing of its queues is
    /// used any longer. Sent by the agent itself, on queue 0.
    pub const GONE: Self = Self(2);
    /// The proxy `process` has stopped, whoever stopped it; when this is read it may have gone on. Sent by the agent itself, on queue 0.
    pub const STOPPED: Self = Self(3);
}

/// The bytes of Linux's `siginfo_t` that any signal uses; the rest of its 128 are zeros.
pub const SIGINFO_BYTES: usize = 80;

/// One event, from the agent to the LWK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Event {
    /// An [`EventKind`].
    pub kind: u32,
    /// The process concerned.
    pub process: u32,
    /// The thread concerned, or 0.
    pub thread: u32,
    /// The signal's number.
    pub signal: u32,
    /// The first bytes of its siginfo_t.
    pub info: [u8; SIGINFO_BYTES],
    /// 0.
    pub reserved: [u64; 4],
}

/// Bytes of each argument that a trace record carries.
pub const TRACE_CAPTURE_BYTES: usize = 256;

/// One finished (or, for calls that do not return, started) system call, for `--trace`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct TraceRecord {
    /// Number of the call.
    pub call: u32,
    /// 0 answered by the LWK, 1 offloaded.
    pub route: u32,
    /// The calling thread.
    pub thread: u32,
    /// 1 when the call has returned.
    pub returned: u32,
    /// The arguments as the program gave them.
    pub arguments: [u64; 6],
    /// What the program got.
    pub result: i64,
    /// How long the call took in nanoseconds.
    pub nanoseconds: u64,
    /// When it began, in nanoseconds of CLOCK_REALTIME.
    pub began: u64,
    /// How many bytes of `captures[i]` count: what argument `i` points to, after the call.
    pub captured: [u16; 6],
    /// Bit `i`: what argument `i` points to is longer than the capture.
    pub truncated: u32,
    /// What the arguments point to.
    pub captures: [[u8; TRACE_CAPTURE_BYTES]; 6],
}

const _: () = {
    assert!(size_of::<RequestHeader>() == 96);
    assert!(size_of::<BufferDescriptor>() == 16);
    assert!(size_of::<Segment>() == 16);
    assert!(size_of::<Request>() == REQUEST_BYTES);
    assert!(size_of::<Reply>() == 64);
    assert!(size_of::<Event>() == EVENT_BYTES);
    assert!(size_of::<TraceRecord>() == 1640);
};

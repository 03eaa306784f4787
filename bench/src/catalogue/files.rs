//! Calls that name or move data: what is offloaded to Linux. Everything is in memory; no disk is involved.

use std::time::Duration;

use super::{Benchmark, Kind, Reference};

/// Calls that name or move data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileCall {
    /// pread(2) of 1 byte from the page cache.
    PreadByte,
    /// pread(2) of 4 KiB from the page cache.
    PreadPage,
    /// The same from 64 threads at once.
    PreadCrowd,
    /// stat(2) of a path.
    Stat,
    /// open(2) of a path, then close(2).
    OpenClose,
    /// getdents(2) of about thirty names.
    GetDents,
    /// write(2) of one byte into a pipe, then read(2).
    PipeByte,
    /// The same through a socket.
    SocketByte,
    /// pread(2) of 1 MiB from the page cache.
    ReadMebibyte,
    /// pwrite(2) of 1 MiB to the page cache.
    WriteMebibyte,
    /// pread(2) of 1 MiB from tmpfs.
    ReadTmpfs,
    /// pwrite(2) of 1 MiB to tmpfs.
    WriteTmpfs,
    /// write(2) of 1 MiB into a pipe that holds it, then read(2).
    PipeMebibyte,
    /// 1 MiB written into a socket, from whose other end a second thread reads.
    SocketMebibyte,
}

const fn guest(name: &'static str, title: &'static str, kind: FileCall) -> Benchmark {
    Benchmark::guest(name, title, Kind::File(kind))
}

pub(super) const ALL: &[Benchmark] = &[
    guest("pread-1", "pread 1 B, page cache", FileCall::PreadByte).at_most(2.0),
    guest("pread-4k", "pread 4 KiB, page cache", FileCall::PreadPage).at_most(2.0),
    guest("pread-4k-crowd", "pread 4 KiB, 64 threads (to 1 thread)", FileCall::PreadCrowd)
        .against(Reference::OnLwk("pread-4k"))
        .within(Duration::from_mins(2))
        .at_most(1.0),
    guest("stat", "stat", FileCall::Stat).at_most(1.6),
    guest("open-close", "open + close", FileCall::OpenClose).at_most(1.6),
    guest("getdents", "getdents, 30 names", FileCall::GetDents).at_most(1.6),
    guest("pipe-1", "1 B through a pipe", FileCall::PipeByte).at_most(1.8),
    guest("socket-1", "1 B through a socket", FileCall::SocketByte).at_most(1.8),
    guest("read-1m", "pread 1 MiB, page cache", FileCall::ReadMebibyte).at_most(1.05),
    guest("write-1m", "pwrite 1 MiB, page cache", FileCall::WriteMebibyte).at_most(1.05),
    guest("tmpfs-read-1m", "pread 1 MiB, tmpfs", FileCall::ReadTmpfs).at_most(1.05),
    guest("tmpfs-write-1m", "pwrite 1 MiB, tmpfs", FileCall::WriteTmpfs).at_most(1.05),
    guest("pipe-1m", "1 MiB through a pipe", FileCall::PipeMebibyte).at_most(1.05),
    guest("socket-1m", "1 MiB through a socket", FileCall::SocketMebibyte).at_most(1.05),
];

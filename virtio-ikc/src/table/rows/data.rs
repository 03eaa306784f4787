//! Calls that move a file's bytes, and those that set where and how they lie.

use super::build::{CACHESTAT, ENOSYS, EPERM, QUAD, TIME, bytes, offloaded, refused};
use crate::table::Argument::{Address, Fd, Hex, In, InOut, Int, Long, Named, Out, Path, Unused, VectorIn, VectorOut};
use crate::table::Call;

const NO_AIO: &str = "The ring of completions would lie in the proxy's memory; as a kernel without CONFIG_AIO.";
const NO_IO_URING: &str = "The rings would lie in the proxy's memory; as with kernel.io_uring_disabled=2.";

#[rustfmt::skip]
pub(super) const ROWS: &[Call] = &[
    offloaded(0, "read", &[Fd, Out(bytes(2)), Long]).restartable(),
    offloaded(1, "write", &[Fd, In(bytes(2)), Long]).restartable(),
    offloaded(8, "lseek", &[Fd, Long, Named("seek")]),
    offloaded(17, "pread64", &[Fd, Out(bytes(2)), Long, Long]).restartable(),
    offloaded(18, "pwrite64", &[Fd, In(bytes(2)), Long, Long]).restartable(),
    offloaded(19, "readv", &[Fd, VectorOut(2), Long]).restartable(),
    offloaded(20, "writev", &[Fd, VectorIn(2), Long]).restartable(),
    offloaded(40, "sendfile", &[Fd, Fd, InOut(QUAD), Long]).restartable(),
    offloaded(74, "fsync", &[Fd]).restartable(),
    offloaded(75, "fdatasync", &[Fd]).restartable(),
    offloaded(76, "truncate", &[Path, Long]).restartable(),
    offloaded(77, "ftruncate", &[Fd, Long]).restartable(),
    offloaded(162, "sync", &[]).restartable(),
    offloaded(187, "readahead", &[Fd, Long, Long]).restartable(),
    offloaded(221, "fadvise64", &[Fd, Long, Long, Named("fadvise")]),
    offloaded(275, "splice", &[Fd, InOut(QUAD), Fd, InOut(QUAD), Long, Named("splice")]).restartable(),
    offloaded(276, "tee", &[Fd, Fd, Long, Named("splice")]).restartable(),
    offloaded(277, "sync_file_range", &[Fd, Long, Long, Named("sync_file_range")]).restartable(),
    offloaded(278, "vmsplice", &[Fd, VectorIn(2), Long, Named("splice")]).restartable(),
    offloaded(285, "fallocate", &[Fd, Named("fallocate"), Long, Long]).restartable(),
    offloaded(295, "preadv", &[Fd, VectorOut(2), Long, Long, Unused]).restartable(),
    offloaded(296, "pwritev", &[Fd, VectorIn(2), Long, Long, Unused]).restartable(),
    offloaded(306, "syncfs", &[Fd]).restartable(),
    offloaded(326, "copy_file_range", &[Fd, InOut(QUAD), Fd, InOut(QUAD), Long, Hex]).restartable(),
    offloaded(327, "preadv2", &[Fd, VectorOut(2), Long, Long, Unused, Named("rwf")]).restartable(),
    offloaded(328, "pwritev2", &[Fd, VectorIn(2), Long, Long, Unused, Named("rwf")]).restartable(),
    offloaded(451, "cachestat", &[Fd, In(TIME), Out(CACHESTAT), Hex]),

    refused(206, "io_setup", ENOSYS, &[Int, Address], NO_AIO),
    refused(207, "io_destroy", ENOSYS, &[Address], NO_AIO),
    refused(208, "io_getevents", ENOSYS, &[Address, Long, Long, Address, In(TIME)], NO_AIO),
    refused(209, "io_submit", ENOSYS, &[Address, Long, Address], NO_AIO),
    refused(210, "io_cancel", ENOSYS, &[Address, Address, Address], NO_AIO),
    refused(333, "io_pgetevents", ENOSYS, &[Address, Long, Long, Address, In(TIME), Address], NO_AIO),
    refused(425, "io_uring_setup", EPERM, &[Int, Address], NO_IO_URING),
    refused(426, "io_uring_enter", EPERM, &[Fd, Int, Int, Hex, Address, Long], NO_IO_URING),
    refused(427, "io_uring_register", EPERM, &[Fd, Int, Address, Int], NO_IO_URING),
];

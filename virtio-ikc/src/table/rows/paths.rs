//! Calls that name files: opening, looking, making, moving and removing.

use super::build::{FILE_HANDLE, QUAD, STAT, STATFS, STATX, TIME, TIME_PAIR, bytes, offloaded};
use crate::table::Argument::{DirFd, Fd, Hex, In, InOut, Int, Long, Mode, Named, Out, Path};
use crate::table::{Call, Size};

/// `struct ustat`.
const USTAT: Size = Size::Fixed(32);

#[rustfmt::skip]
pub(super) const ROWS: &[Call] = &[
    // Opening a FIFO waits for its other end.
    offloaded(2, "open", &[Path, Named("open"), Mode]).restartable(),
    offloaded(85, "creat", &[Path, Mode]).restartable(),
    offloaded(257, "openat", &[DirFd, Path, Named("open"), Mode]).restartable(),
    offloaded(437, "openat2", &[DirFd, Path, In(bytes(3)), Long]).restartable(),
    // AT_HANDLE_MNT_ID_UNIQUE makes the mount id 64 bits wide.
    offloaded(303, "name_to_handle_at", &[DirFd, Path, InOut(FILE_HANDLE), InOut(QUAD), Named("at")]),
    offloaded(304, "open_by_handle_at", &[Fd, In(FILE_HANDLE), Named("open")]).restartable(),

    offloaded(4, "stat", &[Path, Out(STAT)]),
    offloaded(5, "fstat", &[Fd, Out(STAT)]),
    offloaded(6, "lstat", &[Path, Out(STAT)]),
    offloaded(21, "access", &[Path, Named("access")]),
    offloaded(78, "getdents", &[Fd, Out(bytes(2)), Int]),
    offloaded(89, "readlink", &[Path, Out(bytes(2)), Int]),
    offloaded(136, "ustat", &[Hex, Out(USTAT)]),
    offloaded(137, "statfs", &[Path, Out(STATFS)]),
    offloaded(138, "fstatfs", &[Fd, Out(STATFS)]),
    offloaded(217, "getdents64", &[Fd, Out(bytes(2)), Int]),
    offloaded(262, "newfstatat", &[DirFd, Path, Out(STAT), Named("at")]),
    offloaded(267, "readlinkat", &[DirFd, Path, Out(bytes(3)), Int]),
    offloaded(269, "faccessat", &[DirFd, Path, Named("access")]),
    offloaded(332, "statx", &[DirFd, Path, Named("statx_at"), Named("statx"), Out(STATX)]),
    offloaded(439, "faccessat2", &[DirFd, Path, Named("access"), Named("faccessat")]),

    offloaded(79, "getcwd", &[Out(bytes(1)), Long]),
    offloaded(80, "chdir", &[Path]),
    offloaded(81, "fchdir", &[Fd]),
    offloaded(82, "rename", &[Path, Path]),
    offloaded(83, "mkdir", &[Path, Mode]),
    offloaded(84, "rmdir", &[Path]),
    offloaded(86, "link", &[Path, Path]),
    offloaded(87, "unlink", &[Path]),
    offloaded(88, "symlink", &[Path, Path]),
    offloaded(133, "mknod", &[Path, Mode, Hex]),
    offloaded(161, "chroot", &[Path]),
    offloaded(258, "mkdirat", &[DirFd, Path, Mode]),
    offloaded(259, "mknodat", &[DirFd, Path, Mode, Hex]),
    offloaded(263, "unlinkat", &[DirFd, Path, Named("unlinkat")]),
    offloaded(264, "renameat", &[DirFd, Path, DirFd, Path]),
    offloaded(265, "linkat", &[DirFd, Path, DirFd, Path, Named("at")]),
    offloaded(266, "symlinkat", &[Path, DirFd, Path]),
    offloaded(316, "renameat2", &[DirFd, Path, DirFd, Path, Named("rename")]),

    offloaded(90, "chmod", &[Path, Mode]),
    offloaded(91, "fchmod", &[Fd, Mode]),
    offloaded(92, "chown", &[Path, Int, Int]),
    offloaded(93, "fchown", &[Fd, Int, Int]),
    offloaded(94, "lchown", &[Path, Int, Int]),
    offloaded(95, "umask", &[Mode]),
    offloaded(132, "utime", &[Path, In(TIME)]),
    offloaded(235, "utimes", &[Path, In(TIME_PAIR)]),
    offloaded(260, "fchownat", &[DirFd, Path, Int, Int, Named("at")]),
    offloaded(261, "futimesat", &[DirFd, Path, In(TIME_PAIR)]),
    offloaded(268, "fchmodat", &[DirFd, Path, Mode]),
    offloaded(280, "utimensat", &[DirFd, Path, In(TIME_PAIR), Named("at")]),
    offloaded(452, "fchmodat2", &[DirFd, Path, Mode, Named("at")]),
    offloaded(468, "file_getattr", &[DirFd, Path, Out(bytes(3)), Long, Named("at")]),
    offloaded(469, "file_setattr", &[DirFd, Path, In(bytes(3)), Long, Named("at")]),
];

//! Names of the numbers in calls on files.

use super::set::Set;

#[rustfmt::skip]
pub(super) const SETS: &[Set] = &[
    // open(2)
    Set {
        name: "open",
        mask: 3,
        values: &[(0, "O_RDONLY"), (1, "O_WRONLY"), (2, "O_RDWR")],
        flags: &[
            (0x0010_1000, "O_SYNC"), (0x40, "O_CREAT"), (0x80, "O_EXCL"), (0x100, "O_NOCTTY"), (0x200, "O_TRUNC"),
            (0x400, "O_APPEND"), (0x800, "O_NONBLOCK"), (0x1000, "O_DSYNC"), (0x2000, "O_ASYNC"),
            (0x4000, "O_DIRECT"), (0x8000, "O_LARGEFILE"), (0x0002_0000, "O_NOFOLLOW"), (0x0004_0000, "O_NOATIME"),
            (0x0008_0000, "O_CLOEXEC"), (0x0020_0000, "O_PATH"), (0x0041_0000, "O_TMPFILE"),
            (0x0001_0000, "O_DIRECTORY"),
        ],
        unknown: "O_???",
        ..Set::EMPTY
    },
    // access(2)
    Set {
        name: "access",
        flags: &[(4, "R_OK"), (2, "W_OK"), (1, "X_OK")],
        zero: "F_OK",
        unknown: "?_OK",
        ..Set::EMPTY
    },
    // the *at calls
    Set {
        name: "at",
        flags: &[
            (0x100, "AT_SYMLINK_NOFOLLOW"), (0x400, "AT_SYMLINK_FOLLOW"), (0x800, "AT_NO_AUTOMOUNT"),
            (0x1000, "AT_EMPTY_PATH"), (0x8000, "AT_RECURSIVE"),
        ],
        unknown: "AT_???",
        ..Set::EMPTY
    },
    // the flags of statx(2)
    Set {
        name: "statx_at",
        mask: 0x6000,
        values: &[(0, "AT_STATX_SYNC_AS_STAT"), (0x2000, "AT_STATX_FORCE_SYNC"), (0x4000, "AT_STATX_DONT_SYNC")],
        flags: &[(0x100, "AT_SYMLINK_NOFOLLOW"), (0x800, "AT_NO_AUTOMOUNT"), (0x1000, "AT_EMPTY_PATH")],
        unknown: "AT_???",
        ..Set::EMPTY
    },
    // faccessat(2)
    Set {
        name: "faccessat",
        flags: &[(0x100, "AT_SYMLINK_NOFOLLOW"), (0x200, "AT_EACCESS"), (0x1000, "AT_EMPTY_PATH")],
        unknown: "AT_???",
        ..Set::EMPTY
    },
    // unlinkat(2)
    Set {
        name: "unlinkat",
        flags: &[(0x200, "AT_REMOVEDIR")],
        unknown: "AT_???",
        ..Set::EMPTY
    },
    // renameat2(2)
    Set {
        name: "rename",
        flags: &[(1, "RENAME_NOREPLACE"), (2, "RENAME_EXCHANGE"), (4, "RENAME_WHITEOUT")],
        unknown: "RENAME_???",
        ..Set::EMPTY
    },
    // lseek(2)
    Set {
        name: "seek",
        mask: u32::MAX,
        values: &[(0, "SEEK_SET"), (1, "SEEK_CUR"), (2, "SEEK_END"), (3, "SEEK_DATA"), (4, "SEEK_HOLE")],
        unknown: "SEEK_???",
        ..Set::EMPTY
    },
    // statx(2)
    Set {
        name: "statx",
        flags: &[
            (0xfff, "STATX_ALL"), (0x7ff, "STATX_BASIC_STATS"), (1, "STATX_TYPE"), (2, "STATX_MODE"),
            (4, "STATX_NLINK"), (8, "STATX_UID"), (0x10, "STATX_GID"), (0x20, "STATX_ATIME"), (0x40, "STATX_MTIME"),
            (0x80, "STATX_CTIME"), (0x100, "STATX_INO"), (0x200, "STATX_SIZE"), (0x400, "STATX_BLOCKS"),
            (0x800, "STATX_BTIME"), (0x1000, "STATX_MNT_ID"), (0x2000, "STATX_DIOALIGN"),
            (0x4000, "STATX_MNT_ID_UNIQUE"), (0x8000, "STATX_SUBVOL"),
        ],
        unknown: "STATX_???",
        ..Set::EMPTY
    },
    // setxattr(2)
    Set {
        name: "xattr",
        flags: &[(1, "XATTR_CREATE"), (2, "XATTR_REPLACE")],
        unknown: "XATTR_???",
        ..Set::EMPTY
    },
    // posix_fadvise(2)
    Set {
        name: "fadvise",
        mask: u32::MAX,
        values: &[
            (0, "POSIX_FADV_NORMAL"), (1, "POSIX_FADV_RANDOM"), (2, "POSIX_FADV_SEQUENTIAL"),
            (3, "POSIX_FADV_WILLNEED"), (4, "POSIX_FADV_DONTNEED"), (5, "POSIX_FADV_NOREUSE"),
        ],
        unknown: "POSIX_FADV_???",
        ..Set::EMPTY
    },
    // fallocate(2)
    Set {
        name: "fallocate",
        flags: &[
            (1, "FALLOC_FL_KEEP_SIZE"), (2, "FALLOC_FL_PUNCH_HOLE"), (4, "FALLOC_FL_NO_HIDE_STALE"),
            (8, "FALLOC_FL_COLLAPSE_RANGE"), (0x10, "FALLOC_FL_ZERO_RANGE"), (0x20, "FALLOC_FL_INSERT_RANGE"),
            (0x40, "FALLOC_FL_UNSHARE_RANGE"),
        ],
        unknown: "FALLOC_FL_???",
        ..Set::EMPTY
    },
    // splice(2)
    Set {
        name: "splice",
        flags: &[(1, "SPLICE_F_MOVE"), (2, "SPLICE_F_NONBLOCK"), (4, "SPLICE_F_MORE"), (8, "SPLICE_F_GIFT")],
        unknown: "SPLICE_F_???",
        ..Set::EMPTY
    },
    // sync_file_range(2)
    Set {
        name: "sync_file_range",
        flags: &[(1, "SYNC_FILE_RANGE_WAIT_BEFORE"), (2, "SYNC_FILE_RANGE_WRITE"), (4, "SYNC_FILE_RANGE_WAIT_AFTER")],
        unknown: "SYNC_FILE_RANGE_???",
        ..Set::EMPTY
    },
    // preadv2(2)
    Set {
        name: "rwf",
        flags: &[
            (1, "RWF_HIPRI"), (2, "RWF_DSYNC"), (4, "RWF_SYNC"), (8, "RWF_NOWAIT"), (0x10, "RWF_APPEND"),
            (0x20, "RWF_NOAPPEND"), (0x40, "RWF_ATOMIC"), (0x80, "RWF_DONTCACHE"),
        ],
        unknown: "RWF_???",
        ..Set::EMPTY
    },
    // flock(2)
    Set {
        name: "flock",
        mask: 0xb,
        values: &[(1, "LOCK_SH"), (2, "LOCK_EX"), (8, "LOCK_UN")],
        flags: &[(4, "LOCK_NB"), (0x20, "LOCK_MAND"), (0x40, "LOCK_READ"), (0x80, "LOCK_WRITE")],
        unknown: "LOCK_???",
        ..Set::EMPTY
    },
    // memfd_create(2)
    Set {
        name: "memfd",
        flags: &[
            (1, "MFD_CLOEXEC"), (2, "MFD_ALLOW_SEALING"), (4, "MFD_HUGETLB"), (8, "MFD_NOEXEC_SEAL"),
            (0x10, "MFD_EXEC"),
        ],
        unknown: "MFD_???",
        ..Set::EMPTY
    },
    // mount(2)
    Set {
        name: "mount",
        flags: &[
            (1, "MS_RDONLY"), (2, "MS_NOSUID"), (4, "MS_NODEV"), (8, "MS_NOEXEC"), (0x10, "MS_SYNCHRONOUS"),
            (0x20, "MS_REMOUNT"), (0x40, "MS_MANDLOCK"), (0x80, "MS_DIRSYNC"), (0x100, "MS_NOSYMFOLLOW"),
            (0x400, "MS_NOATIME"), (0x800, "MS_NODIRATIME"), (0x1000, "MS_BIND"), (0x2000, "MS_MOVE"),
            (0x4000, "MS_REC"), (0x8000, "MS_SILENT"), (0x0001_0000, "MS_POSIXACL"), (0x0002_0000, "MS_UNBINDABLE"),
            (0x0004_0000, "MS_PRIVATE"), (0x0008_0000, "MS_SLAVE"), (0x0010_0000, "MS_SHARED"),
            (0x0020_0000, "MS_RELATIME"), (0x0040_0000, "MS_KERNMOUNT"), (0x0080_0000, "MS_I_VERSION"),
            (0x0100_0000, "MS_STRICTATIME"), (0x0200_0000, "MS_LAZYTIME"),
        ],
        unknown: "MS_???",
        ..Set::EMPTY
    },
    // umount(2)
    Set {
        name: "umount",
        flags: &[(1, "MNT_FORCE"), (2, "MNT_DETACH"), (4, "MNT_EXPIRE"), (8, "UMOUNT_NOFOLLOW")],
        unknown: "MNT_???",
        ..Set::EMPTY
    },
    // inotify(7)
    Set {
        name: "inotify",
        flags: &[
            (1, "IN_ACCESS"), (2, "IN_MODIFY"), (4, "IN_ATTRIB"), (8, "IN_CLOSE_WRITE"), (0x10, "IN_CLOSE_NOWRITE"),
            (0x20, "IN_OPEN"), (0x40, "IN_MOVED_FROM"), (0x80, "IN_MOVED_TO"), (0x100, "IN_CREATE"),
            (0x200, "IN_DELETE"), (0x400, "IN_DELETE_SELF"), (0x800, "IN_MOVE_SELF"), (0x0100_0000, "IN_ONLYDIR"),
            (0x0200_0000, "IN_DONT_FOLLOW"), (0x0400_0000, "IN_EXCL_UNLINK"), (0x1000_0000, "IN_MASK_CREATE"),
            (0x2000_0000, "IN_MASK_ADD"), (0x4000_0000, "IN_ISDIR"), (0x8000_0000, "IN_ONESHOT"),
        ],
        unknown: "IN_???",
        ..Set::EMPTY
    },
];

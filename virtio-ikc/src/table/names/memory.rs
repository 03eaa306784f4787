//! Names of the numbers in calls on memory.

use super::set::Set;

#[rustfmt::skip]
pub(super) const SETS: &[Set] = &[
    // mmap(2)
    Set {
        name: "protection",
        flags: &[
            (1, "PROT_READ"), (2, "PROT_WRITE"), (4, "PROT_EXEC"), (8, "PROT_SEM"), (0x0100_0000, "PROT_GROWSDOWN"),
            (0x0200_0000, "PROT_GROWSUP"),
        ],
        zero: "PROT_NONE",
        unknown: "PROT_???",
        ..Set::EMPTY
    },
    // mmap(2)
    Set {
        name: "map",
        mask: 0xf,
        values: &[(0, "MAP_FILE"), (1, "MAP_SHARED"), (2, "MAP_PRIVATE"), (3, "MAP_SHARED_VALIDATE")],
        flags: &[
            (0x10, "MAP_FIXED"), (0x20, "MAP_ANONYMOUS"), (0x40, "MAP_32BIT"), (0x4000, "MAP_NORESERVE"),
            (0x8000, "MAP_POPULATE"), (0x0001_0000, "MAP_NONBLOCK"), (0x100, "MAP_GROWSDOWN"),
            (0x800, "MAP_DENYWRITE"), (0x1000, "MAP_EXECUTABLE"), (0x2000, "MAP_LOCKED"),
            (0x0002_0000, "MAP_STACK"), (0x0004_0000, "MAP_HUGETLB"), (0x0008_0000, "MAP_SYNC"),
            (0x0010_0000, "MAP_FIXED_NOREPLACE"),
        ],
        unknown: "MAP_???",
        ..Set::EMPTY
    },
    // mremap(2)
    Set {
        name: "mremap",
        flags: &[(1, "MREMAP_MAYMOVE"), (2, "MREMAP_FIXED"), (4, "MREMAP_DONTUNMAP")],
        unknown: "MREMAP_???",
        ..Set::EMPTY
    },
    // msync(2)
    Set {
        name: "msync",
        flags: &[(1, "MS_ASYNC"), (2, "MS_INVALIDATE"), (4, "MS_SYNC")],
        unknown: "MS_???",
        ..Set::EMPTY
    },
    // madvise(2)
    Set {
        name: "madvise",
        mask: u32::MAX,
        values: &[
            (0, "MADV_NORMAL"), (1, "MADV_RANDOM"), (2, "MADV_SEQUENTIAL"), (3, "MADV_WILLNEED"),
            (4, "MADV_DONTNEED"), (8, "MADV_FREE"), (9, "MADV_REMOVE"), (0xa, "MADV_DONTFORK"),
            (0xb, "MADV_DOFORK"), (0xc, "MADV_MERGEABLE"), (0xd, "MADV_UNMERGEABLE"), (0xe, "MADV_HUGEPAGE"),
            (0xf, "MADV_NOHUGEPAGE"), (0x10, "MADV_DONTDUMP"), (0x11, "MADV_DODUMP"), (0x12, "MADV_WIPEONFORK"),
            (0x13, "MADV_KEEPONFORK"), (0x14, "MADV_COLD"), (0x15, "MADV_PAGEOUT"), (0x16, "MADV_POPULATE_READ"),
            (0x17, "MADV_POPULATE_WRITE"), (0x18, "MADV_DONTNEED_LOCKED"), (0x19, "MADV_COLLAPSE"),
            (0x64, "MADV_HWPOISON"), (0x65, "MADV_SOFT_OFFLINE"), (0x66, "MADV_GUARD_INSTALL"),
            (0x67, "MADV_GUARD_REMOVE"),
        ],
        unknown: "MADV_???",
        ..Set::EMPTY
    },
    // mlock2(2)
    Set {
        name: "mlock",
        flags: &[(1, "MLOCK_ONFAULT")],
        unknown: "MLOCK_???",
        ..Set::EMPTY
    },
    // mlockall(2)
    Set {
        name: "mlockall",
        flags: &[(1, "MCL_CURRENT"), (2, "MCL_FUTURE"), (4, "MCL_ONFAULT")],
        unknown: "MCL_???",
        ..Set::EMPTY
    },
    // set_mempolicy(2)
    Set {
        name: "policy",
        mask: 0xfff,
        values: &[
            (0, "MPOL_DEFAULT"), (1, "MPOL_PREFERRED"), (2, "MPOL_BIND"), (3, "MPOL_INTERLEAVE"), (4, "MPOL_LOCAL"),
            (5, "MPOL_PREFERRED_MANY"), (6, "MPOL_WEIGHTED_INTERLEAVE"),
        ],
        flags: &[(0x2000, "MPOL_F_NUMA_BALANCING"), (0x4000, "MPOL_F_RELATIVE_NODES"), (0x8000, "MPOL_F_STATIC_NODES")],
        unknown: "MPOL_???",
        ..Set::EMPTY
    },
];

//! The address space: the LWK's own business, except for what files back.

use super::build::{ENOSYS, EOPNOTSUPP, EPERM, WORD, local, local_first, refused};
use crate::table::Argument::{Address, Fd, Hex, In, Int, Long, Named, Out, Pid};
use crate::table::{Call, Size};

const OTHER_MEMORY: &str = "It would reach the proxy's memory, not the program's.";

const SEGMENTS: &str =
    "Segments are the partition's own, as in an IPC namespace: the host and other partitions do not see them.";

#[rustfmt::skip]
pub(super) const ROWS: &[Call] = &[
    local(9, "mmap", &[Address, Long, Named("protection"), Named("map"), Fd, Hex]),
    local(10, "mprotect", &[Address, Long, Named("protection")]),
    local(11, "munmap", &[Address, Long]),
    local(12, "brk", &[Address]),
    local(25, "mremap", &[Address, Long, Long, Named("mremap"), Address]),
    local_first(26, "msync", &[Address, Long, Named("msync")],
        "The LWK checks the range and has the agent write back those parts that are shared mappings of files.")
        .restartable(),
    local(27, "mincore", &[Address, Long, Address]),
    local(28, "madvise", &[Address, Long, Named("madvise")]),
    local(149, "mlock", &[Address, Long]),
    local(150, "munlock", &[Address, Long]),
    local(151, "mlockall", &[Named("mlockall")]),
    local(152, "munlockall", &[]),
    local(325, "mlock2", &[Address, Long, Named("mlock")]),
    local(329, "pkey_mprotect", &[Address, Long, Named("protection"), Int]),
    local(330, "pkey_alloc", &[Hex, Hex]),
    local(331, "pkey_free", &[Int]),
    local(237, "mbind", &[Address, Long, Named("policy"), In(Size::BitSet(4)), Long, Hex]),
    local(238, "set_mempolicy", &[Named("policy"), In(Size::BitSet(2)), Long]),
    local(239, "get_mempolicy", &[Out(WORD), Out(Size::BitSet(2)), Long, Address, Hex]),
    local(256, "migrate_pages", &[Pid, Long, In(Size::BitSet(1)), In(Size::BitSet(1))]),
    local(279, "move_pages", &[Pid, Long, Address, Address, Address, Hex]),
    local(450, "set_mempolicy_home_node", &[Address, Long, Long, Hex]),

    local(29, "shmget", &[Int, Long, Hex]).noted(SEGMENTS),
    local(30, "shmat", &[Int, Address, Hex]).noted(SEGMENTS),
    local(31, "shmctl", &[Int, Int, Address]).noted(SEGMENTS),
    local(67, "shmdt", &[Address]).noted(SEGMENTS),
    local(216, "remap_file_pages", &[Address, Long, Named("protection"), Long, Named("map")]),
    local(310, "process_vm_readv", &[Pid, Address, Long, Address, Long, Hex]),
    local(311, "process_vm_writev", &[Pid, Address, Long, Address, Long, Hex]),
    refused(323, "userfaultfd", EPERM, &[Named("pipe")],
        "Its ranges would be the proxy's memory; as with vm.unprivileged_userfaultfd=0."),
    refused(440, "process_madvise", ENOSYS, &[Fd, Address, Long, Named("madvise"), Hex], OTHER_MEMORY),
    refused(448, "process_mrelease", ENOSYS, &[Fd, Hex], OTHER_MEMORY),
    refused(453, "map_shadow_stack", EOPNOTSUPP, &[Address, Long, Hex],
        "The LWK gives programs no shadow stacks; as a CPU without them."),
    refused(462, "mseal", ENOSYS, &[Address, Long, Hex], "As a kernel before 6.10."),
];

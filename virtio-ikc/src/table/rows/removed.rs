//! Calls of which Linux keeps no more than the number.

use super::build::{ENOSYS, refused};
use crate::table::Argument::{Address, Int, Long};
use crate::table::Call;

const GONE: &str = "Linux has no such call any more and answers the same.";
const NEVER: &str = "Linux reserved the number and never had such a call; it answers the same.";
const PROBE: &str = "The kernel's own probes use it; as a kernel without CONFIG_UPROBES.";

#[rustfmt::skip]
pub(super) const ROWS: &[Call] = &[
    refused(139, "sysfs", ENOSYS, &[Int, Long, Long], "As a kernel without CONFIG_SYSFS_SYSCALL."),
    refused(156, "_sysctl", ENOSYS, &[Address], GONE),
    refused(174, "create_module", ENOSYS, &[], GONE),
    refused(177, "get_kernel_syms", ENOSYS, &[], GONE),
    refused(178, "query_module", ENOSYS, &[], GONE),
    refused(180, "nfsservctl", ENOSYS, &[], GONE),
    refused(181, "getpmsg", ENOSYS, &[], NEVER),
    refused(182, "putpmsg", ENOSYS, &[], NEVER),
    refused(183, "afs_syscall", ENOSYS, &[], NEVER),
    refused(184, "tuxcall", ENOSYS, &[], NEVER),
    refused(185, "security", ENOSYS, &[], NEVER),
    refused(212, "lookup_dcookie", ENOSYS, &[Long, Address, Long], GONE),
    refused(214, "epoll_ctl_old", ENOSYS, &[], NEVER),
    refused(215, "epoll_wait_old", ENOSYS, &[], NEVER),
    refused(236, "vserver", ENOSYS, &[], NEVER),
    refused(335, "uretprobe", ENOSYS, &[], PROBE),
    refused(336, "uprobe", ENOSYS, &[], PROBE),
];

//! The system as a whole: its name, its mounts, its administration.

use super::build::{EACCES, ENOSYS, EPERM, SELF_SIZED, WORD, bytes, each, local, local_first, offloaded, refused};
use crate::table::Argument::{Address, DirFd, Fd, Hex, In, InOut, Int, Long, Named, Out, Path, Text};
use crate::table::{Call, Size};

const HOST: &str = "The host is not a job's to change.";
const NEW_MOUNT: &str =
    "What its arguments are, each command decides; as a kernel before 5.2, where programs use mount(2).";
const NO_QUOTA: &str = "What its last argument is, each command decides; as a kernel without CONFIG_QUOTACTL.";

/// `struct new_utsname`.
const NAMES: Size = Size::Fixed(390);
/// `struct sysinfo`.
const SYSINFO: Size = Size::Fixed(112);

#[rustfmt::skip]
pub(super) const ROWS: &[Call] = &[
    local(63, "uname", &[Out(NAMES)]),
    local_first(99, "sysinfo", &[Out(SYSINFO)], "Memory is the partition's, load and uptime are the host's."),
    offloaded(170, "sethostname", &[In(bytes(1)), Int]),
    offloaded(171, "setdomainname", &[In(bytes(1)), Int]),
    offloaded(103, "syslog", &[Int, Out(bytes(2)), Int]).restartable(),
    offloaded(153, "vhangup", &[]),
    offloaded(318, "getrandom", &[Out(bytes(1)), Long, Named("getrandom")]).restartable(),

    offloaded(155, "pivot_root", &[Path, Path]),
    offloaded(165, "mount", &[Text, Path, Text, Named("mount"), Text]),
    offloaded(166, "umount2", &[Path, Named("umount")]),
    offloaded(428, "open_tree", &[DirFd, Path, Hex]),
    offloaded(429, "move_mount", &[DirFd, Path, DirFd, Path, Hex]),
    offloaded(442, "mount_setattr", &[DirFd, Path, Hex, In(bytes(4)), Long]),
    offloaded(457, "statmount", &[In(SELF_SIZED), Out(bytes(2)), Long, Hex]),
    offloaded(458, "listmount", &[In(SELF_SIZED), Out(each(2, 8)), Long, Hex]),
    offloaded(467, "open_tree_attr", &[DirFd, Path, Hex, In(bytes(4)), Long]),
    refused(430, "fsopen", ENOSYS, &[Text, Hex], NEW_MOUNT),
    refused(431, "fsconfig", ENOSYS, &[Fd, Int, Text, Address, Int], NEW_MOUNT),
    refused(432, "fsmount", ENOSYS, &[Fd, Hex, Hex], NEW_MOUNT),
    refused(433, "fspick", ENOSYS, &[DirFd, Path, Hex], NEW_MOUNT),
    refused(179, "quotactl", ENOSYS, &[Hex, Path, Int, Address], NO_QUOTA),
    refused(443, "quotactl_fd", ENOSYS, &[Fd, Hex, Int, Address], NO_QUOTA),

    offloaded(459, "lsm_get_self_attr", &[Int, InOut(Size::Pointed(2)), InOut(WORD), Hex]),
    offloaded(461, "lsm_list_modules", &[Out(Size::Pointed(1)), InOut(WORD), Hex]),
    refused(460, "lsm_set_self_attr", EPERM, &[Int, In(bytes(2)), Int, Hex],
        "It would label one thread of the proxy only."),

    refused(163, "acct", EPERM, &[Path], HOST),
    refused(167, "swapon", EPERM, &[Path, Hex], HOST),
    refused(168, "swapoff", EPERM, &[Path], HOST),
    refused(169, "reboot", EPERM, &[Hex, Hex, Hex, Address], HOST),
    refused(175, "init_module", EPERM, &[Address, Long, Text], HOST),
    refused(176, "delete_module", EPERM, &[Text, Named("pipe")], HOST),
    refused(246, "kexec_load", EPERM, &[Address, Long, Address, Hex], HOST),
    refused(313, "finit_module", EPERM, &[Fd, Text, Hex], HOST),
    refused(320, "kexec_file_load", EPERM, &[Fd, Fd, Long, Text, Hex], HOST),
    refused(321, "bpf", EPERM, &[Int, Address, Int],
        "A program in the kernel is the host's; as with kernel.unprivileged_bpf_disabled=2."),
    refused(298, "perf_event_open", EACCES, &[In(SELF_SIZED), Int, Int, Fd, Hex],
        "It would count the proxy's events, not the program's; as with kernel.perf_event_paranoid=3."),
];

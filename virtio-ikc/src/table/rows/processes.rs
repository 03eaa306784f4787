//! Processes: making, ending, awaiting and naming them, and whose they are.

use super::build::{
    EINTR, ENOSYS, EPERM, RLIMIT, RUSAGE, SIGINFO, TIME_PAIR, WORD, bytes, each, local, local_first, offloaded, refused,
};
use crate::table::Argument::{Address, DirFd, Fd, Hex, In, InOut, Int, Long, Named, Out, Path, Pid};
use crate::table::{Call, Size};

const PARENT: &str = "Linux knows the parent; one that the agent adopted has init for a parent.";
const WAIT: &str = "Linux waits; what the child used is known to the LWK.";
const IDENTITY: &str = "Linux keeps the ids; the LWK remembers what it has said until the process changes them.";
const LIMITS: &str = "Limits on memory, stack and processor time are the LWK's, those on files and processes Linux's.";
const NAMESPACES: &str =
    "It would move one thread of the proxy only; enter the namespaces before the partition starts.";
const OTHER_PROCESS: &str = "It would act on the proxy, which must stay out of the program's reach.";

/// A capability header, and the data of its versions 2 and 3; those of version 1 are half as long (capget(2)).
const CAPABILITY_HEADER: Size = Size::Fixed(8);
const CAPABILITY_DATA: Size = Size::Fixed(24);

#[rustfmt::skip]
pub(super) const ROWS: &[Call] = &[
    local(56, "clone", &[Named("clone"), Address, Address, Address, Address]),
    local(57, "fork", &[]),
    local(58, "vfork", &[]),
    local(59, "execve", &[Path, Address, Address]),
    local(322, "execveat", &[DirFd, Path, Address, Address, Named("at")]),
    local(435, "clone3", &[In(bytes(1)), Long]),
    local(60, "exit", &[Int]),
    local(231, "exit_group", &[Int]),
    local_first(61, "wait4", &[Pid, Out(WORD), Named("wait"), Out(RUSAGE)], WAIT).restartable(),
    local_first(247, "waitid", &[Named("waitid"), Pid, Out(SIGINFO), Named("wait"), Out(RUSAGE)], WAIT).restartable(),

    local(39, "getpid", &[]),
    local(186, "gettid", &[]),
    local_first(110, "getppid", &[], PARENT),
    local_first(109, "setpgid", &[Pid, Pid], "The LWK knows which child has replaced its program; Linux would let its proxy be moved."),
    offloaded(111, "getpgrp", &[]),
    offloaded(112, "setsid", &[]),
    offloaded(121, "getpgid", &[Pid]),
    offloaded(124, "getsid", &[Pid]),
    offloaded(434, "pidfd_open", &[Pid, Named("pidfd")]),
    refused(438, "pidfd_getfd", EPERM, &[Fd, Int, Hex],
        "It would hand out the proxy's own descriptors; as for a process that may not be traced."),

    local_first(102, "getuid", &[], IDENTITY),
    local_first(104, "getgid", &[], IDENTITY),
    local_first(105, "setuid", &[Int], IDENTITY),
    local_first(106, "setgid", &[Int], IDENTITY),
    local_first(107, "geteuid", &[], IDENTITY),
    local_first(108, "getegid", &[], IDENTITY),
    local_first(113, "setreuid", &[Int, Int], IDENTITY),
    local_first(114, "setregid", &[Int, Int], IDENTITY),
    offloaded(115, "getgroups", &[Int, Out(each(0, 4))]),
    offloaded(116, "setgroups", &[Int, In(each(0, 4))]),
    local_first(117, "setresuid", &[Int, Int, Int], IDENTITY),
    offloaded(118, "getresuid", &[Out(WORD), Out(WORD), Out(WORD)]),
    local_first(119, "setresgid", &[Int, Int, Int], IDENTITY),
    offloaded(120, "getresgid", &[Out(WORD), Out(WORD), Out(WORD)]),
    offloaded(122, "setfsuid", &[Int]),
    offloaded(123, "setfsgid", &[Int]),
    offloaded(125, "capget", &[InOut(CAPABILITY_HEADER), InOut(CAPABILITY_DATA)]),
    offloaded(126, "capset", &[InOut(CAPABILITY_HEADER), In(CAPABILITY_DATA)]),

    local_first(97, "getrlimit", &[Named("resource"), Out(RLIMIT)], LIMITS),
    local_first(160, "setrlimit", &[Named("resource"), In(RLIMIT)], LIMITS),
    local_first(302, "prlimit64", &[Pid, Named("resource"), In(RLIMIT), Out(RLIMIT)], LIMITS),
    local_first(98, "getrusage", &[Named("rusage"), Out(RUSAGE)],
        "Processor time, memory, faults and switches are the program's on the LWK, its children's included; the rest is not counted."),
    local_first(100, "times", &[Out(TIME_PAIR)], "Processor time is the program's on the LWK and its children's, not the proxies'."),
    local_first(135, "personality", &[Hex],
        "The LWK tells its own; it changes only to what it can be, Linux on x86-64."),
    local_first(157, "prctl", &[Named("prctl"), Hex, Hex, Hex, Hex],
        "Linux is handed only what lies with the proxy and has plain numbers for arguments."),
    local(158, "arch_prctl", &[Named("arch_prctl"), Address]),
    local(218, "set_tid_address", &[Address]),

    refused(101, "ptrace", EPERM, &[Int, Pid, Address, Address], OTHER_PROCESS),
    refused(312, "kcmp", ENOSYS, &[Pid, Pid, Int, Long, Long], OTHER_PROCESS),
    local_first(272, "unshare", &[Named("clone")], NAMESPACES),
    refused(308, "setns", EPERM, &[Fd, Named("clone")], NAMESPACES),
    refused(317, "seccomp", ENOSYS, &[Int, Hex, Address],
        "A filter would bind the proxy, not the program; as a kernel without CONFIG_SECCOMP."),
    refused(444, "landlock_create_ruleset", ENOSYS, &[In(bytes(1)), Long, Hex], LANDLOCK),
    refused(445, "landlock_add_rule", ENOSYS, &[Fd, Int, Address, Hex], LANDLOCK),
    refused(446, "landlock_restrict_self", ENOSYS, &[Fd, Hex], LANDLOCK),
    refused(219, "restart_syscall", EINTR, &[], "No call leaves anything to restart; Linux answers the same then."),
    refused(134, "uselib", ENOSYS, &[Path], "As a kernel without CONFIG_USELIB."),
    refused(154, "modify_ldt", ENOSYS, &[Int, Address, Long], "As a kernel without CONFIG_MODIFY_LDT_SYSCALL."),
    refused(205, "set_thread_area", ENOSYS, &[Address], "For 32-bit programs; Linux answers the same."),
    refused(211, "get_thread_area", ENOSYS, &[Address], "For 32-bit programs; Linux answers the same."),
    refused(172, "iopl", EPERM, &[Int], "Ports lead to the hypervisor's devices, which are not the program's."),
    refused(173, "ioperm", EPERM, &[Long, Long, Int], "Ports lead to the hypervisor's devices, which are not the program's."),
];

const LANDLOCK: &str =
    "It would bind one thread of the proxy and let the others through; as a kernel without CONFIG_SECURITY_LANDLOCK.";

//! Names of the numbers in calls on processes, threads and signals.

use super::set::Set;
use super::signals::SIGNALS;

#[rustfmt::skip]
pub(super) const SETS: &[Set] = &[
    // clone(2)
    Set {
        name: "clone",
        mask: 0xff,
        values: SIGNALS,
        flags: &[
            (0x100, "CLONE_VM"), (0x200, "CLONE_FS"), (0x400, "CLONE_FILES"), (0x800, "CLONE_SIGHAND"),
            (0x1000, "CLONE_PIDFD"), (0x2000, "CLONE_PTRACE"), (0x4000, "CLONE_VFORK"), (0x8000, "CLONE_PARENT"),
            (0x0001_0000, "CLONE_THREAD"), (0x0002_0000, "CLONE_NEWNS"), (0x0004_0000, "CLONE_SYSVSEM"),
            (0x0008_0000, "CLONE_SETTLS"), (0x0010_0000, "CLONE_PARENT_SETTID"),
            (0x0020_0000, "CLONE_CHILD_CLEARTID"), (0x0040_0000, "CLONE_DETACHED"), (0x0080_0000, "CLONE_UNTRACED"),
            (0x0100_0000, "CLONE_CHILD_SETTID"), (0x0200_0000, "CLONE_NEWCGROUP"), (0x0400_0000, "CLONE_NEWUTS"),
            (0x0800_0000, "CLONE_NEWIPC"), (0x1000_0000, "CLONE_NEWUSER"), (0x2000_0000, "CLONE_NEWPID"),
            (0x4000_0000, "CLONE_NEWNET"), (0x8000_0000, "CLONE_IO"),
        ],
        flags_first: true,
        unknown: "CLONE_???",
        ..Set::EMPTY
    },
    // wait(2)
    Set {
        name: "wait",
        flags: &[
            (1, "WNOHANG"), (2, "WSTOPPED"), (4, "WEXITED"), (8, "WCONTINUED"), (0x0100_0000, "WNOWAIT"),
            (0x2000_0000, "__WNOTHREAD"), (0x4000_0000, "__WALL"), (0x8000_0000, "__WCLONE"),
        ],
        unknown: "W???",
        ..Set::EMPTY
    },
    // waitid(2)
    Set {
        name: "waitid",
        mask: u32::MAX,
        values: &[(0, "P_ALL"), (1, "P_PID"), (2, "P_PGID"), (3, "P_PIDFD")],
        unknown: "P_???",
        ..Set::EMPTY
    },
    // getrlimit(2)
    Set {
        name: "resource",
        mask: u32::MAX,
        values: &[
            (0, "RLIMIT_CPU"), (1, "RLIMIT_FSIZE"), (2, "RLIMIT_DATA"), (3, "RLIMIT_STACK"), (4, "RLIMIT_CORE"),
            (5, "RLIMIT_RSS"), (6, "RLIMIT_NPROC"), (7, "RLIMIT_NOFILE"), (8, "RLIMIT_MEMLOCK"), (9, "RLIMIT_AS"),
            (0xa, "RLIMIT_LOCKS"), (0xb, "RLIMIT_SIGPENDING"), (0xc, "RLIMIT_MSGQUEUE"), (0xd, "RLIMIT_NICE"),
            (0xe, "RLIMIT_RTPRIO"), (0xf, "RLIMIT_RTTIME"),
        ],
        unknown: "RLIMIT_???",
        ..Set::EMPTY
    },
    // getrusage(2)
    Set {
        name: "rusage",
        mask: u32::MAX,
        values: &[(0, "RUSAGE_SELF"), (0xffff_ffff, "RUSAGE_CHILDREN"), (1, "RUSAGE_THREAD")],
        unknown: "RUSAGE_???",
        ..Set::EMPTY
    },
    // getpriority(2)
    Set {
        name: "priority",
        mask: u32::MAX,
        values: &[(0, "PRIO_PROCESS"), (1, "PRIO_PGRP"), (2, "PRIO_USER")],
        unknown: "PRIO_???",
        ..Set::EMPTY
    },
    // sched_setscheduler(2)
    Set {
        name: "scheduler",
        mask: 0xfff,
        values: &[
            (0, "SCHED_OTHER"), (1, "SCHED_FIFO"), (2, "SCHED_RR"), (3, "SCHED_BATCH"), (4, "SCHED_ISO"),
            (5, "SCHED_IDLE"), (6, "SCHED_DEADLINE"), (7, "SCHED_EXT"),
        ],
        flags: &[(0x4000_0000, "SCHED_RESET_ON_FORK")],
        unknown: "SCHED_???",
        ..Set::EMPTY
    },
    // prctl(2)
    Set {
        name: "prctl",
        mask: u32::MAX,
        values: &[
            (1, "PR_SET_PDEATHSIG"), (2, "PR_GET_PDEATHSIG"), (3, "PR_GET_DUMPABLE"), (4, "PR_SET_DUMPABLE"),
            (5, "PR_GET_UNALIGN"), (6, "PR_SET_UNALIGN"), (7, "PR_GET_KEEPCAPS"), (8, "PR_SET_KEEPCAPS"),
            (0xd, "PR_GET_TIMING"), (0xe, "PR_SET_TIMING"), (0xf, "PR_SET_NAME"), (0x10, "PR_GET_NAME"),
            (0x13, "PR_GET_ENDIAN"), (0x14, "PR_SET_ENDIAN"), (0x15, "PR_GET_SECCOMP"), (0x16, "PR_SET_SECCOMP"),
            (0x17, "PR_CAPBSET_READ"), (0x18, "PR_CAPBSET_DROP"), (0x19, "PR_GET_TSC"), (0x1a, "PR_SET_TSC"),
            (0x1b, "PR_GET_SECUREBITS"), (0x1c, "PR_SET_SECUREBITS"), (0x1d, "PR_SET_TIMERSLACK"),
            (0x1e, "PR_GET_TIMERSLACK"), (0x1f, "PR_TASK_PERF_EVENTS_DISABLE"),
            (0x20, "PR_TASK_PERF_EVENTS_ENABLE"), (0x21, "PR_MCE_KILL"), (0x22, "PR_MCE_KILL_GET"),
            (0x23, "PR_SET_MM"), (0x24, "PR_SET_CHILD_SUBREAPER"), (0x25, "PR_GET_CHILD_SUBREAPER"),
            (0x26, "PR_SET_NO_NEW_PRIVS"), (0x27, "PR_GET_NO_NEW_PRIVS"), (0x28, "PR_GET_TID_ADDRESS"),
            (0x29, "PR_SET_THP_DISABLE"), (0x2a, "PR_GET_THP_DISABLE"), (0x2f, "PR_CAP_AMBIENT"),
            (0x34, "PR_GET_SPECULATION_CTRL"), (0x35, "PR_SET_SPECULATION_CTRL"), (0x39, "PR_SET_IO_FLUSHER"),
            (0x3a, "PR_GET_IO_FLUSHER"), (0x3b, "PR_SET_SYSCALL_USER_DISPATCH"), (0x3e, "PR_SCHED_CORE"),
            (0x41, "PR_SET_MDWE"), (0x42, "PR_GET_MDWE"), (0x43, "PR_SET_MEMORY_MERGE"),
            (0x44, "PR_GET_MEMORY_MERGE"), (0x5356_4d41, "PR_SET_VMA"), (0x4155_5856, "PR_GET_AUXV"),
            (0x5961_6d61, "PR_SET_PTRACER"),
        ],
        unknown: "PR_???",
        ..Set::EMPTY
    },
    // arch_prctl(2)
    Set {
        name: "arch_prctl",
        mask: u32::MAX,
        values: &[
            (0x1001, "ARCH_SET_GS"), (0x1002, "ARCH_SET_FS"), (0x1003, "ARCH_GET_FS"), (0x1004, "ARCH_GET_GS"),
            (0x1011, "ARCH_GET_CPUID"), (0x1012, "ARCH_SET_CPUID"), (0x1021, "ARCH_GET_XCOMP_SUPP"),
            (0x1022, "ARCH_GET_XCOMP_PERM"), (0x1023, "ARCH_REQ_XCOMP_PERM"), (0x3001, "ARCH_CET_STATUS"),
            (0x5005, "ARCH_SHSTK_STATUS"),
        ],
        unknown: "ARCH_???",
        ..Set::EMPTY
    },
    // futex(2)
    Set {
        name: "futex",
        mask: 0xff,
        values: &[
            (0, "FUTEX_WAIT"), (1, "FUTEX_WAKE"), (2, "FUTEX_FD"), (3, "FUTEX_REQUEUE"), (4, "FUTEX_CMP_REQUEUE"),
            (5, "FUTEX_WAKE_OP"), (6, "FUTEX_LOCK_PI"), (7, "FUTEX_UNLOCK_PI"), (8, "FUTEX_TRYLOCK_PI"),
            (9, "FUTEX_WAIT_BITSET"), (0xa, "FUTEX_WAKE_BITSET"), (0xb, "FUTEX_WAIT_REQUEUE_PI"),
            (0xc, "FUTEX_CMP_REQUEUE_PI"), (0xd, "FUTEX_LOCK_PI2"), (0x80, "FUTEX_WAIT_PRIVATE"),
            (0x81, "FUTEX_WAKE_PRIVATE"), (0x83, "FUTEX_REQUEUE_PRIVATE"), (0x84, "FUTEX_CMP_REQUEUE_PRIVATE"),
            (0x85, "FUTEX_WAKE_OP_PRIVATE"), (0x86, "FUTEX_LOCK_PI_PRIVATE"), (0x87, "FUTEX_UNLOCK_PI_PRIVATE"),
            (0x88, "FUTEX_TRYLOCK_PI_PRIVATE"), (0x89, "FUTEX_WAIT_BITSET_PRIVATE"),
            (0x8a, "FUTEX_WAKE_BITSET_PRIVATE"), (0x8b, "FUTEX_WAIT_REQUEUE_PI_PRIVATE"),
            (0x8c, "FUTEX_CMP_REQUEUE_PI_PRIVATE"), (0x8d, "FUTEX_LOCK_PI2_PRIVATE"),
        ],
        flags: &[(0x100, "FUTEX_CLOCK_REALTIME")],
        unknown: "FUTEX_???",
        ..Set::EMPTY
    },
    // membarrier(2)
    Set {
        name: "membarrier",
        mask: u32::MAX,
        values: &[
            (0, "MEMBARRIER_CMD_QUERY"), (1, "MEMBARRIER_CMD_GLOBAL"), (2, "MEMBARRIER_CMD_GLOBAL_EXPEDITED"),
            (4, "MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED"), (8, "MEMBARRIER_CMD_PRIVATE_EXPEDITED"),
            (0x10, "MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED"),
            (0x20, "MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE"),
            (0x40, "MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE"),
            (0x80, "MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ"),
            (0x100, "MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ"), (0x200, "MEMBARRIER_CMD_GET_REGISTRATIONS"),
        ],
        unknown: "MEMBARRIER_CMD_???",
        ..Set::EMPTY
    },
    // getrandom(2)
    Set {
        name: "getrandom",
        flags: &[(1, "GRND_NONBLOCK"), (2, "GRND_RANDOM"), (4, "GRND_INSECURE")],
        unknown: "GRND_???",
        ..Set::EMPTY
    },
    // sigprocmask(2)
    Set {
        name: "sigprocmask",
        mask: u32::MAX,
        values: &[(0, "SIG_BLOCK"), (1, "SIG_UNBLOCK"), (2, "SIG_SETMASK")],
        unknown: "SIG_???",
        ..Set::EMPTY
    },
    // the flags of sigaction(2)
    Set {
        name: "sigaction",
        flags: &[
            (0x0400_0000, "SA_RESTORER"), (0x0800_0000, "SA_ONSTACK"), (0x1000_0000, "SA_RESTART"),
            (0x4000_0000, "SA_NODEFER"), (0x8000_0000, "SA_RESETHAND"), (1, "SA_NOCLDSTOP"), (2, "SA_NOCLDWAIT"),
            (4, "SA_SIGINFO"),
        ],
        unknown: "SA_???",
        ..Set::EMPTY
    },
];

//! What the VMM and the agent say to each other over their socket (a Unix `SOCK_SEQPACKET` pair): one JSON message a packet,
//! with descriptors beside it where they are named. Both are the same executable, so there are no versions here.

use serde::{Deserialize, Serialize};

/// argv\[0\] of the agent; the executable that finds itself called so is one. argv\[1\] is the number of its socket's descriptor.
pub const AGENT_NAME: &str = "lwk-agent";

/// A run of guest-physical memory and where it lies in the partition's memory file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Region {
    /// Guest-physical address of the first byte.
    pub guest: u64,
    /// Bytes.
    pub length: u64,
    /// Offset in the memory file.
    pub offset: u64,
}

/// Where a virtqueue lies, as the driver told the device (virtio 1.2, 2.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queue {
    /// Its index; see [`virtio_ikc::device`].
    pub index: u16,
    /// Entries.
    pub size: u16,
    /// Guest-physical address of the descriptor table.
    pub descriptors: u64,
    /// Guest-physical address of the available ring.
    pub driver: u64,
    /// Guest-physical address of the used ring.
    pub device: u64,
}

/// From the VMM to the agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToAgent {
    /// The first message. Beside it: the memory file, the doorbell (an eventfd that the driver's notifications of any queue
    /// signal), one eventfd for each vCPU that interrupts it, and the file for the trace if `trace`.
    Start {
        /// The partition's memory.
        regions: Vec<Region>,
        /// How many interrupt descriptors there are: the number of vCPUs.
        vcpus: u16,
        /// CPUs the agent and its proxies may run on; empty: as they are.
        cpus: Vec<usize>,
        /// The CPUs that the vCPUs run on: vCPU 0 on the first.
        partition_cpus: Vec<usize>,
        /// Whether they may spin.
        may_spin: bool,
        /// Whether a descriptor for the trace is there.
        trace: bool,
        /// Which of standard input, output and error the program is started without.
        closed: Vec<i32>,
        /// Working directory of the program, or as it is.
        workdir: Option<String>,
        /// The executable, as found by the VMM (what /proc/self/exe names).
        executable: String,
        /// Name for the proxy: the program's file name.
        name: String,
    },
    /// The driver is ready; the queues may be used.
    Activate {
        /// All queues in use: the agent's, and the first process's two (see [`virtio_ikc::device`]).
        queues: Vec<Queue>,
    },
    /// Send this signal to the first proxy.
    Signal {
        /// Number of the signal.
        signal: i32,
    },
    /// The VMM had stopped, as it was told, and runs again.
    WentOn,
    /// Answer to `WindowMap` and `WindowUnmap`: 0 or an errno.
    WindowDone {
        /// The errno.
        error: i32,
    },
}

/// From the agent to the VMM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromAgent {
    /// The first proxy is there.
    Ready {
        /// Its pid.
        process: u32,
        /// The agent's pid.
        parent: u32,
        /// The signals that the program inherits as ignored (execve(2)): bit n - 1 stands for signal n.
        ignored_signals: u64,
    },
    /// There will be no proxy: the host's fault, or the user's. The partition ends with this line.
    Failed {
        /// What is wrong.
        text: String,
    },
    /// The first proxy has ended; `status` is as of wait(2). The partition ends.
    Ended {
        /// The wait status.
        status: i32,
    },
    /// The first proxy was stopped by this signal; the VMM stops as well. When the proxy goes on the agent sends the VMM SIGCONT until it
    /// says that it has gone on.
    Stopped {
        /// Number of the signal.
        signal: i32,
    },
    /// The LWK broke the rules; the partition ends with this line.
    Violation {
        /// What it did.
        text: String,
    },
    /// Map this file (its descriptor is beside the message) over the window.
    WindowMap {
        /// Offset in the window.
        window: u64,
        /// Bytes.
        length: u64,
        /// Offset in the file.
        offset: u64,
        /// Whether writes are allowed.
        writable: bool,
    },
    /// Take a part of the window away.
    WindowUnmap {
        /// Offset in the window.
        window: u64,
        /// Bytes.
        length: u64,
    },
    /// The counters of the agent, for `--stats`; sent before `Ended`.
    Counters {
        /// Requests executed.
        requests: u64,
        /// Times the agent had to be woken by the doorbell.
        wakeups: u64,
        /// Interrupts sent to vCPUs.
        interrupts: u64,
        /// Bytes of the agent's own memory at its start and now.
        agent_memory: [u64; 2],
        /// Bytes of the first proxy's own memory at its start and at its end.
        proxy_memory: [u64; 2],
    },
}

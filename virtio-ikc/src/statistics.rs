//! The counters that `--stats` prints: written by the LWK, read by the VMM when the partition has ended.

/// Call numbers that are counted; larger ones are counted in the last slot.
pub const COUNTED_CALLS: usize = 512;

/// Counts and times of one call.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct CallCount {
    /// How often the LWK answered it.
    pub local: u64,
    /// How often it went to Linux.
    pub offloaded: u64,
    /// TSC ticks from entry to return, waiting included.
    pub ticks: u64,
}

/// All counters of a partition. Plain memory: the LWK adds, the VMM reads after the vCPUs have stopped.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Statistics {
    /// By call number.
    pub calls: [CallCount; COUNTED_CALLS],
    /// Page faults that the LWK resolved.
    pub page_faults: u64,
    /// Doorbells the LWK rang because nobody was looking at the ring.
    pub doorbells: u64,
    /// Times a vCPU was halted while it waited.
    pub halts: u64,
    /// Interrupts from the device.
    pub interrupts: u64,
    /// Bytes of memory the LWK manages.
    pub memory_total: u64,
    /// Bytes of it in use when the first program began.
    pub memory_first: u64,
    /// Bytes of it in use now.
    pub memory_used: u64,
    /// The most that was in use.
    pub memory_peak: u64,
    /// Signals delivered to handlers.
    pub signals: u64,
    /// System calls that trapped, where that can be avoided.
    pub trapped: u64,
    /// `syscall` instructions that were replaced by jumps.
    pub rewritten: u64,
    /// Large pages that were needed and had been zeroed ahead.
    pub zeroed_ahead: u64,
}

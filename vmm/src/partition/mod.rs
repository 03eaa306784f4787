//! The part of the machine that Linux gives up: CPUs that nobody else uses, and memory that is all there.
//!
//! Everything a partition takes is held by this process alone: locks on open files, pages of a memory file, affinity
//! of its threads. Nothing is recorded elsewhere, so whatever way the process ends, SIGKILL included, the kernel gives
//! it all back, and there is no state to repair.

pub mod cpus;
mod huge_pool;
pub mod lock;
pub mod memory;
pub mod pin;
mod prefault;
pub mod thp;
pub mod topology;

pub use cpus::{CpuError, PartitionCpus};
pub use huge_pool::{HugePool, HugeSize};
pub use lock::{CpuLock, LockError, LockPlaces};
pub use memory::{MemoryError, MemoryRequest, PageKind, PartitionMemory};
pub use pin::pin_to_cpu;
pub use thp::Thp;
pub use topology::Topology;

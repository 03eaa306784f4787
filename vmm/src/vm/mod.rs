//! The virtual machine of a partition: memory, interrupts, and vCPUs that begin in the middle of things.
//!
//! Nothing here is emulated but the one device: local APICs are the kernel's, an interrupt of the device is an eventfd
//! that KVM turns into a message-signalled interrupt, and a doorbell is a write that KVM turns into an eventfd. A vCPU's
//! thread therefore leaves `KVM_RUN` at boot, at the end, and when something is wrong; every such exit is counted.

mod cpu_features;
mod cpuid;
mod error;
mod exits;
mod machine;
mod processors;
mod registers;
mod state;
mod vcpu;
mod watch;

pub use error::VmError;
pub use exits::{ExitCounts, ExitReason};
pub use machine::Machine;
pub use processors::Processors;
pub use state::ExtendedState;
pub use vcpu::{RunningVcpu, Shared, Vcpu, VcpuReport, stop};
pub use watch::{SeenExit, Watch};

#[cfg(test)]
mod tests;

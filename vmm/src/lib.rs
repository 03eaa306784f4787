//! Runs an unmodified Linux program on a lightweight kernel (LWK) in a partition of its own: CPUs that nobody else uses, and
//! memory that is all there.
//!
//! The folders are the way of a program. [`cli`] says what is wanted and finds the program; [`partition`] takes CPUs and memory
//! from Linux; [`probe`] finds out what this machine's KVM is good for; [`vm`] makes a virtual machine of it and [`boot`] writes
//! all that the LWK finds in memory; [`device`] is the transport of its system calls and [`clock`] its time; [`run`] starts the
//! agent, which serves the calls, and watches over everything until the program has ended; [`stats`] tells what was counted,
//! and [`noise`] measures what disturbs a program, beside Linux.
//! The unsafe border is the folder `arch`.

mod arch;
pub mod boot;
pub mod cli;
pub mod clock;
pub mod device;
pub mod doctor;
pub mod message;
pub mod noise;
pub mod partition;
pub mod probe;
pub mod run;
pub mod stats;
pub mod vm;

pub use arch::descriptor::inherited as inherited_descriptor;

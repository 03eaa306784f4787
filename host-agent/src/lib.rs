//! The Linux side of delegation.
//!
//! Whatever the LWK does not do itself is done by Linux, by a process that stands for the program: the *proxy*. The
//! *agent* is its parent. Both are the shipped executable, re-executed by the VMM, which talks to the agent in the messages of
//! [`protocol`] and to the LWK's requests not at all: those go over the rings in the partition's memory, straight to
//! the proxy's threads.
//!
//! The guest is hostile until checked. A request is copied once and parsed from the copy ([`request`]); an address
//! becomes a pointer in one place (`memory`); a call is made from the table's row and the checked buffers
//! (`execute`). What no honest LWK sends ends the partition, and nothing a guest can write makes the agent panic.

mod agent;
mod arch;
mod execute;
mod int;
mod memory;
mod own_descriptors;
pub mod protocol;
mod proxy;
pub mod request;
pub mod socket;
#[cfg(test)]
mod test_partition;
pub mod trace;
mod views;

pub use agent::run;

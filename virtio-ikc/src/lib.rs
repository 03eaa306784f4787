//! Everything that the LWK and the host must agree on, and nothing else.
//!
//! Two programs that are built apart (the LWK for the bare target, the VMM and its agent for Linux) meet in
//! guest memory. What they both read or write there is defined once, here: the address types and the map of
//! the partition, the boot page, the messages, the ring that carries them, and the one system-call table that
//! drives the LWK's dispatcher, its marshaller, the agent's checker and the trace. The crate holds no state,
//! allocates nothing and runs on neither side by itself. `SPEC.md` describes the device in the words of the
//! virtio specification; where the two differ, that is a defect.
#![no_std]

pub mod address;
pub mod boot;
pub mod device;
pub mod layout;
pub mod message;
pub mod notice;
pub mod ring;
pub mod statistics;
pub mod table;
pub mod view;
pub mod zeroing;

//! The device side of the transport: registers, the handshake, and the LWK's voice. `SPEC.md` of `virtio-ikc` is its
//! specification.
//!
//! Only the beginning and the end of a partition pass through here. Once the driver is ready, the agent serves the queues in
//! guest memory by itself and a doorbell is an eventfd; this model never looks at a ring. It does nothing but keep what the
//! driver wrote and say what follows from it ([`Effect`]), so that it can be tested without a machine.

mod log;
mod model;
mod queue;
mod zeroing;

pub use log::{LogLevel, LogLine};
pub use model::{Device, Effect};
pub use zeroing::ZeroingWorker;

//! The ring: a split virtqueue (virtio 1.2, 2.7) with `VIRTIO_F_EVENT_IDX`, both sides of it.
//!
//! Whoever is on the other side may write anything at any moment, so each side keeps its own indices and its own
//! set of heads in flight, reads every shared field once, and answers nonsense with a [`RingError`], never with a
//! panic and never by acting on part of it. Memory access is apart ([`QueueMemory`]): the same code runs on the
//! LWK's direct map, on the agent's mapping of the partition and on the memory model of a checker, so what is
//! proved about wake-ups there holds for what is shipped.
//!
//! Descriptors are written once, at set-up. From then on a request costs its own block, one entry of the
//! available ring and that ring's index; a reply costs the same on the used ring.

mod chain;
mod descriptor;
mod device;
mod driver;
mod error;
mod event_index;
mod heads;
mod layout;
mod memory;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod test_memory;

pub use chain::{Block, Chain, MAX_CHAIN, RequestBlocks};
pub use descriptor::{Descriptor, DescriptorFlags};
pub use device::{Device, Watch};
pub use driver::{Driver, Slot, Used};
pub use error::RingError;
pub use layout::{Part, QueueLayout};
pub use memory::QueueMemory;

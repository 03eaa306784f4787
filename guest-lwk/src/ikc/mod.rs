//! Inter-kernel communication: how the LWK asks Linux, and how Linux tells the LWK.

pub mod board;
pub mod device;
pub mod events;
pub mod memory;
pub mod queue;
pub mod request;

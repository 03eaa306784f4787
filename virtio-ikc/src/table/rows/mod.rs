//! The rows, family by family, and the table that they add up to.
//!
//! A family's file reads like a man-page section; the order by number that the dispatcher needs is made here, at
//! compile time, where two rows of one number are an error.

mod assemble;
mod attributes;
mod build;
mod data;
mod descriptors;
mod memory;
mod messages;
mod paths;
mod processes;
mod removed;
mod scheduling;
mod signals;
mod sockets;
mod system;
mod time;

pub(super) use assemble::BY_NUMBER;
pub use assemble::CALLS;

//! The one system-call table.
//!
//! One row for each x86-64 call says what its arguments are and who serves it. The LWK's dispatcher and
//! marshaller, the agent's checker, the trace and the coverage page are all driven by these rows, so that a call
//! cannot be marshalled one way and checked another.

mod argument;
mod call;
#[cfg(test)]
mod checks;
pub mod fcntl;
pub mod ioctl;
pub mod names;
pub mod prctl;
mod rows;
pub mod socket_option;
pub mod system_v;

pub use argument::{Argument, Size};
pub use call::{Call, Restart, Route, lookup};
pub use rows::CALLS;

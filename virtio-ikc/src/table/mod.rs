//! The one system-call table.
//!
//! One row for each x86-64 call says what its arguments are and who serves it. The LWK's dispatcher and
//! marshaller, the agent's checker, the trace and the coverage page are all driven by these rows, so that a call
//! cannot be marshalled one way and checked another.

mod argument;
mod call;
mod rows;

pub use argument::{Argument, Size};
pub use call::{Call, Restart, Route, lookup};
pub use rows::CALLS;

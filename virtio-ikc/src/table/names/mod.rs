//! Names for the numbers in calls, as the trace prints them.
//!
//! Each [`Argument::Named`](super::Argument::Named) of a row names one of the sets here.

mod describe;
mod descriptors;
mod errno;
mod files;
mod memory;
mod processes;
mod set;
mod signals;
mod sockets;
mod times;

pub use describe::describe;
pub use errno::{errno_name, errno_text};
pub use signals::signal_name;

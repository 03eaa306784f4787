//! Processes and threads, what is done to them and how they end.

pub mod execute;
pub mod exit;
pub mod fault;
pub mod loader;
pub mod process;
pub mod signal;
pub mod table;
pub mod thread;

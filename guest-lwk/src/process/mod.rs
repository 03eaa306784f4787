//! Processes and threads, what is done to them and how they end.

pub mod account;
pub mod clone;
pub mod execute;
pub mod exit;
pub mod fault;
pub mod futex;
pub mod identity;
pub mod loader;
pub mod process;
pub mod replace;
pub mod rewrite;
pub mod rseq;
pub mod signal;
pub mod spent;
pub mod table;
pub mod thread;
pub mod timer;
pub mod usage;

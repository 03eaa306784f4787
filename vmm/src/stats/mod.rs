//! `--stats`: what was counted, for people and for machines.
//!
//! The LWK counts in a page of its memory, the VMM counts exits, the agent tells its counters when it ends; all are read
//! when the vCPUs have stopped, so that counting costs nothing but additions.

mod report;
mod table;

pub use report::{AgentCounters, CallLine, Report};

//! System calls: one dispatcher over the one table, and a folder for each route.
//!
//! `local/` answers from what the LWK knows, `offload/` hands on to Linux, `first/` looks before it hands on. [`quick`] serves some of the
//! former before all this begins.

pub mod dispatch;
pub mod first;
mod local;
mod offload;
pub mod quick;
mod trace;

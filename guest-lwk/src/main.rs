//! The lightweight kernel.
//!
//! It runs one partition: its programs' memory, signals and time are served here, without noise; what else they ask for goes to Linux
//! through `ikc`. It has no drivers and no file systems, and no scheduler ticks where each thread has a vCPU. The way of a system call is the way of the folders: `arch`
//! (the entry code), `syscall` (the table's dispatcher), then `memory` or `process` for what the LWK serves itself, or
//! `ikc` for what Linux serves.
//!
//! One binary serves both privilege modes; only `arch` knows which one it is in, and only `arch` holds unsafe code.
#![no_std]
#![no_main]

extern crate alloc;

mod arch;
mod errno;
mod ikc;
mod log;
mod memory;
mod process;
mod schedule;
mod start;
mod statistics;
mod syscall;
mod views;

pub use start::boot;

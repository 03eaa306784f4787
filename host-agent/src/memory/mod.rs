//! The partition's memory as the agent sees it, and the little memory of its own that system calls may touch.
//!
//! A number from the guest becomes a host address in one place, [`Partition::check`], and only if all of it lies in one
//! region. What follows from a [`HostRun`] is safe in the sense that counts here: the guest can change the bytes at
//! any moment, so they are copied before they are believed, and memory of a file that was cut short is only touched
//! by Linux, which answers EFAULT where a plain access would be a SIGBUS.

mod board;
mod command_line;
mod copy;
mod file;
mod mapping;
mod partition;
mod ring;
mod scratch;
mod shared;
mod usage;

pub(crate) use board::Board;
pub(crate) use command_line::set_command_line;
pub(crate) use copy::Inaccessible;
pub(crate) use file::{probe_mapping, read_file, record_of_bytes};
pub(crate) use mapping::{faulting_address, reserve_faulting};
pub(crate) use partition::{HostRun, Partition};
pub(crate) use ring::RingMemory;
pub(crate) use scratch::{Scratch, Taken};
pub(crate) use shared::Shared;
pub(crate) use usage::private_bytes;

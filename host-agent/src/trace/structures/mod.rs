//! What pointers point to.

mod descriptors;
mod files;
mod find;
mod known;
mod print;
mod processes;
mod signals;
mod sockets;
mod times;

pub(super) use files::print_mode;
pub(super) use print::print;

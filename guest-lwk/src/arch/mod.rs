//! All that depends on the processor and the privilege mode, and all of the LWK's unsafe code.

pub mod boot;
mod bytes;
pub mod context;
pub mod current;
pub mod direct_map;
pub mod entry;
pub mod fpu;
pub mod heap;
pub mod lock;
pub mod mmio;
pub mod panic;
pub mod privileged;
pub mod registers;
pub mod start;
pub mod switch;
pub mod time;
pub mod trap;

//! What safe Rust has no words for: system calls past the C library, memory that is mapped and unmapped by hand, a
//! forked process, vector registers.

pub(crate) mod clock;
pub(crate) mod fork;
pub(crate) mod fresh_memory;
pub(crate) mod mask;
pub(crate) mod program_break;
pub(crate) mod reservation;
pub(crate) mod vector;

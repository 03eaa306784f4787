//! The two things that safe Rust has no words for: a system call past the vDSO, and memory that is unmapped by hand.

pub(crate) mod clock;
pub(crate) mod fresh_memory;

//! tbd
pub mod trace;

pub mod protocol;

//! tbd

mod arch;
pub mod vm;
pub mod device;
pub mod boot;
pub mod cli;
pub mod partition;

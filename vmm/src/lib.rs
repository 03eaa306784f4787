//! tbd

mod arch;
pub mod clock;
pub mod vm;
pub mod device;
pub mod boot;
pub mod cli;
pub mod partition;

//! What a program sees of /proc and /sys: the partition, as if it were the machine.
//!
//! Linux opens what the program names, so names, links and permission are its own; then we look at what was opened. What the agent
//! knows itself (which CPUs there are) it shows at once; for the rest it asks the LWK. What is shown lies in a sealed memory file
//! that takes the place of the descriptor. Where a path names a CPU, Linux is given the CPU of the machine that it stands for.

mod cpu_info;
mod cpu_set;
mod listing;
mod merge;
mod path;
mod rename;
mod seen;
mod show;
mod shown;
mod sysfs;

pub(crate) use listing::Listing;
pub(crate) use merge::merge;
pub(crate) use path::forget_directory;
pub(crate) use rename::{Renamed, rename};
pub(crate) use seen::{Seen, opened, source};
pub(crate) use show::{placeholder, show};
pub(crate) use shown::{Shown, ShownFiles};

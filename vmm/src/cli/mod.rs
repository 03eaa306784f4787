//! The command line: what the user asks for, checked as far as it can be without looking at the machine.
//!
//! Every mistake is answered with one line on stderr and exit status 125, so that a script can tell our errors from
//! the program's own exit status (the rule of docker, env(1) and nohup(1): 125 ours, 126 not executable, 127 missing).

mod arguments;
pub mod cpu_list;
pub mod environment;
mod error;
mod noise;
pub mod program;
pub mod size;
pub mod span;

pub use arguments::{Command, HugePages, Options, PrivilegeChoice, StatsFormat, SyscallRewrite, Trace, parse};
pub use cpu_list::CpuList;
pub use environment::Environment;
pub use error::{CliError, EXIT_OWN_ERROR};
pub use noise::NoiseOptions;
pub use program::Program;
pub use size::Size;
pub use span::Span;

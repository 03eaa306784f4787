//! The stage's options. Most of them are for whoever debugs ring0 mode; CI gives none.

use std::path::PathBuf;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Take the cases from this file (a program and its arguments on each line, quoted as for sh) instead of the
    /// programs' own cases.txt; fewer than 40 are then allowed
    #[arg(long, value_name = "FILE")]
    pub(super) list: Option<PathBuf>,
    /// Run so many of the cases at most, spread over the list
    #[arg(long, value_name = "N", default_value_t = usize::MAX, hide_default_value = true)]
    pub(super) most: usize,
    /// Take static programs and cases.txt from this folder instead of building them
    #[arg(long, value_name = "DIR")]
    pub(super) programs: Option<PathBuf>,
    /// Use this static executable instead of building lwk-vmm
    #[arg(long, value_name = "FILE")]
    pub(super) lwk_vmm: Option<PathBuf>,
    /// The CPU lists of the partitions that each case runs in
    #[arg(long, value_name = "LIST", default_values = ["0", "0-1"])]
    pub(super) cpus: Vec<String>,
    /// CPUs of the emulated host
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub(super) machine_cpus: u32,
    /// Memory of the emulated host in MiB
    #[arg(long, value_name = "MIB", default_value_t = 4096)]
    pub(super) machine_memory: u32,
    /// Seconds that one run of a case may take on the emulated host
    #[arg(long, value_name = "S", default_value_t = 60)]
    pub(super) case_timeout: u64,
    /// Seconds that everything on the emulated host may take
    #[arg(long, value_name = "S", default_value_t = 700)]
    pub(super) timeout: u64,
    /// Run this shell command on the emulated host instead of the cases; its exit status becomes ours. It finds
    /// `lwk-vmm` in the PATH, the programs in /class-h/programs, and --file's files in /files
    #[arg(long, value_name = "CMD")]
    pub(super) shell_command: Option<String>,
    /// Copy this file to /files on the emulated host
    #[arg(long, value_name = "FILE")]
    pub(super) file: Vec<PathBuf>,
    /// With --shell-command: do not build and bring the test programs
    #[arg(long, requires = "shell_command")]
    pub(super) no_programs: bool,
    /// Print the kernel's console, too
    #[arg(long)]
    pub(super) console: bool,
}

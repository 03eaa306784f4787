//! The options, in docker's spelling and with its rule: flags end at the first positional or at `--`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use super::{CliError, CpuList, Environment, NoiseOptions, Size};
use crate::vm::Watch;

const EXAMPLES: &str = "\
Examples:
  lwk-vmm ls -l /                          one CPU (the last one), 1 GiB, everything else chosen
  lwk-vmm --cpus 4-67 --mem 64G ./app.elf  64 CPUs and 64 GiB for ./app.elf
  lwk-vmm --cpus 0-31:8/16 --mem 16G --prefault ./solver input.dat
                                           8 of every 16 CPUs, all memory populated before the start
  lwk-vmm -e OMP_PROC_BIND=close --trace=calls.txt ./app.elf
                                           one more variable, every system call in calls.txt
  lwk-vmm doctor                           what this machine can do and what would make it better
  lwk-vmm noise --duration 60s --plot noise.svg
                                           what disturbs a program here, natively and on the LWK, and how much
  lwk-vmm -- doctor                        run a program that is called doctor

Exit status: the program's; 128+n when signal n ended it; 125 for errors of lwk-vmm itself;
126 when the program cannot be executed; 127 when it is not found.";

const NOISE_EXAMPLES: &str = "\
Examples:
  lwk-vmm noise                              a minute on the last free CPU
  lwk-vmm noise --duration 5m --cpus 4-7 --quantum 100us --json noise.json --plot noise.svg
                                             five minutes on four CPUs, results and drawing in files";

/// What to do.
#[derive(Debug)]
pub enum Command {
    /// Run a program.
    Run(Box<Options>),
    /// Examine the machine.
    Doctor {
        /// Print for machines rather than for people.
        json: bool,
    },
    /// Measure noise.
    Noise(NoiseOptions),
    /// Be the measured program of a measurement, as this text orders.
    NoiseSample(String),
    /// Run the measured program in a partition and watch it, as this text orders.
    NoisePartition(String),
    /// Print this text (help or version) on stdout and exit with 0.
    Print(String),
}

/// Everything a run is asked for.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// CPUs of the partition, as in 4-67 or 0-31:8/16 [default: the last CPU that may be used and is free]
    #[arg(long, value_name = "LIST")]
    pub cpus: Option<CpuList>,

    /// Memory of the partition, with K, M, G or T
    #[arg(long, value_name = "SIZE", default_value = "1G")]
    pub mem: Size,

    /// CPUs that serve the partition's system calls [default: the nearest that remain]
    #[arg(long, value_name = "LIST")]
    pub agent_cpus: Option<CpuList>,

    /// Pages that back the memory; forcing a kind that cannot be had is an error
    #[arg(long, value_name = "KIND", value_enum, default_value = "auto")]
    pub hugepages: HugePages,

    /// Populate all memory before the start, so that no first touch costs time later
    #[arg(long)]
    pub prefault: bool,

    /// vCPUs on each CPU: more than one is for trying out programs, they take turns
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=16))]
    pub vcpus_per_cpu: u8,

    /// Privilege level of the lightweight kernel; auto times a tiny guest and chooses
    #[arg(long, value_name = "LEVEL", value_enum, default_value = "auto")]
    pub privilege: PrivilegeChoice,

    /// Replace `syscall` instructions that trap into the host by jumps, where that is what they do
    #[arg(long, value_name = "WHEN", value_enum, default_value = "auto")]
    pub syscall_rewrite: SyscallRewrite,

    /// Set a variable, or with the name alone pass the caller's on (may be repeated)
    #[arg(short = 'e', long = "env", value_name = "NAME[=VALUE]")]
    env: Vec<OsString>,

    /// Read variables from a file, one a line, '#' for comments (may be repeated)
    #[arg(long, value_name = "FILE")]
    env_file: Vec<PathBuf>,

    /// Start from an empty environment instead of the caller's
    #[arg(long)]
    clear_env: bool,

    /// Working directory of the program
    #[arg(short = 'w', long, value_name = "DIR")]
    pub workdir: Option<PathBuf>,

    /// Show the lightweight kernel's log on stderr
    #[arg(long)]
    pub kmsg: bool,

    /// Write every system call with its route and duration to FILE, or to stderr
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true,
          default_missing_value = "-", value_parser = OsStringValueParser::new().map(Trace::from))]
    pub trace: Option<Trace>,

    /// Show counts and times of calls, exits and faults on stderr at the end
    #[arg(long, value_name = "FORMAT", value_enum, num_args = 0..=1, require_equals = true,
          default_missing_value = "table")]
    pub stats: Option<StatsFormat>,

    /// Say more on stderr; system calls that the lightweight kernel lacks are named
    #[arg(short, long, action = ArgAction::Count)]
    pub verbose: u8,

    /// The program, found through PATH as a shell would, and its arguments
    #[arg(value_names = ["PROGRAM", "ARGS"], trailing_var_arg = true, required = true, num_args = 1..)]
    command: Vec<OsString>,

    /// What the program's environment will be.
    #[arg(skip)]
    pub environment: Environment,

    /// Who wants to see every exit of a vCPU.
    #[arg(skip)]
    pub watch: Option<Arc<Watch>>,
}

impl Options {
    /// The program as it was typed.
    #[must_use]
    pub fn program(&self) -> &OsString {
        &self.command[0]
    }

    /// The program's argument vector, beginning with the program as it was typed.
    #[must_use]
    pub fn argv(&self) -> &[OsString] {
        &self.command
    }
}

/// Where `--trace` writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trace {
    /// Among the messages of lwk-vmm.
    Stderr,
    /// Into this file.
    File(PathBuf),
}

impl From<OsString> for Trace {
    /// A file's name, or `-` for stderr.
    fn from(name: OsString) -> Self {
        if name == "-" { Self::Stderr } else { Self::File(name.into()) }
    }
}

/// `--stats`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StatsFormat {
    /// For people.
    Table,
    /// For machines.
    Json,
}

/// `--hugepages`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HugePages {
    /// The largest kind that can be had; a warning when only small ones can.
    Auto,
    /// Pages of 1 GiB from hugetlb.
    #[value(name = "1G", alias = "1g")]
    Huge1G,
    /// Pages of 2 MiB from hugetlb.
    #[value(name = "2M", alias = "2m")]
    Huge2M,
    /// Transparent huge pages.
    Thp,
    /// Pages of 4 KiB.
    None,
}

/// `--syscall-rewrite`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SyscallRewrite {
    /// In ring3 mode, on processors that have RDPID, with one vCPU on each CPU.
    Auto,
    /// Programs stay as they are.
    Off,
}

/// `--privilege`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PrivilegeChoice {
    /// By what a tiny guest's timing shows.
    Auto,
    /// The LWK at CPL0, for hardware virtualization.
    Ring0,
    /// The LWK at CPL3, for software virtualization.
    Ring3,
}

/// Runs a Linux program on a lightweight kernel in its own partition of CPUs and memory.
#[derive(Parser, Debug)]
#[command(
    name = "lwk-vmm",
    version,
    after_help = EXAMPLES,
    override_usage = "lwk-vmm [OPTIONS] PROGRAM [ARGS]...\n       lwk-vmm doctor [--json]\n       lwk-vmm noise [--duration TIME] [--cpus LIST] [--quantum TIMES] [--json FILE] [--plot FILE.svg]",
    args_override_self = true,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true
)]
struct CommandLine {
    #[command(subcommand)]
    other: Option<Other>,
    #[command(flatten)]
    options: Option<Options>,
}

#[derive(Subcommand, Debug)]
enum Other {
    /// Say what this machine can do and what would make it better
    Doctor {
        /// Print for machines rather than for people
        #[arg(long)]
        json: bool,
    },
    /// Measure what disturbs a program, natively and on the LWK in turn, and name the causes
    #[command(after_help = NOISE_EXAMPLES)]
    Noise(NoiseOptions),
    /// What a measurement starts on both sides.
    #[command(name = "__noise-sample", hide = true)]
    NoiseSample { order: String },
    /// What a measurement starts for the LWK's side.
    #[command(name = "__noise-partition", hide = true)]
    NoisePartition { order: String },
}

/// Reads a command line, of which the first item is our own name. Reads the files of `--env-file` and the caller's
/// environment, nothing else.
///
/// # Errors
/// The first mistake, as one line.
pub fn parse<I>(args: I) -> Result<Command, CliError>
where
    I: IntoIterator,
    I::Item: Into<OsString> + Clone,
{
    let line = match CommandLine::try_parse_from(args) {
        Ok(line) => line,
        Err(error) if !error.use_stderr() => return Ok(Command::Print(error.render().to_string())),
        Err(error) => return Err(CliError::from_clap(&error)),
    };
    match (line.other, line.options) {
        (Some(other), _) => other.command(),
        (None, Some(options)) => with_environment(options),
        (None, None) => Err(CliError::Usage("name the program to run".to_owned())),
    }
}

impl Other {
    fn command(self) -> Result<Command, CliError> {
        Ok(match self {
            Self::Doctor { json } => Command::Doctor { json },
            Self::Noise(options) => Command::Noise(options.check()?),
            Self::NoiseSample { order } => Command::NoiseSample(order),
            Self::NoisePartition { order } => Command::NoisePartition(order),
        })
    }
}

fn with_environment(mut options: Options) -> Result<Command, CliError> {
    let caller = Environment::new(std::env::vars_os());
    options.environment = Environment::resolve(&caller, options.clear_env, &options.env_file, &options.env)?;
    Ok(Command::Run(Box::new(options)))
}

#[cfg(test)]
mod tests;

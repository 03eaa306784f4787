//! Why a program cannot run, with the exit status a shell would give (POSIX, Shell Command Language 2.8.2).

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

/// Why a program cannot run. Its text is one line.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// No directory of PATH has it.
    #[error("{}: not found; check the name and PATH, or give a path with a slash", .0.display())]
    NotInPath(OsString),
    /// There is no such file.
    #[error("{}: no such file or directory", .0.display())]
    Missing(PathBuf),
    /// A script's or dynamic executable's interpreter is not there.
    #[error("{}: its interpreter {} is missing; install it", program.display(), interpreter.display())]
    InterpreterMissing {
        /// The script or executable.
        program: PathBuf,
        /// What it asks for.
        interpreter: PathBuf,
    },
    /// A directory.
    #[error("{}: is a directory; name a program", .0.display())]
    Directory(PathBuf),
    /// Not an ordinary file.
    #[error("{}: is not a regular file; name a program", .0.display())]
    NotRegular(PathBuf),
    /// No permission to execute, or the file system is mounted noexec.
    #[error("{}: permission denied; it needs execute permission (chmod +x) on a file system without noexec", .0.display())]
    Permission(PathBuf),
    /// Neither an ELF file nor a script.
    #[error("{}: neither an ELF executable nor a script with #!; name a Linux x86-64 program", .0.display())]
    UnknownFormat(PathBuf),
    /// An ELF file that no x86-64 Linux would run.
    #[error("{}: {problem}", path.display())]
    Elf {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Scripts whose interpreters are scripts, too deep.
    #[error("{}: more than 5 scripts interpret each other; name a program", .0.display())]
    TooManyScripts(PathBuf),
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What reading it gave.
        source: io::Error,
    },
}

impl ProgramError {
    /// 127 when the program or what it needs is missing, 126 when it is there but cannot be executed.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::NotInPath(_) | Self::Missing(_) | Self::InterpreterMissing { .. } => 127,
            _ => 126,
        }
    }

    /// Whether the search through PATH goes on without remembering this.
    pub(super) const fn is_missing(&self) -> bool {
        matches!(self, Self::Missing(_) | Self::Directory(_))
    }
}

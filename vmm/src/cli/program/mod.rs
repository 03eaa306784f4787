//! Finds the program as a shell would and makes sure that it is worth a partition.
//!
//! Reserving memory and booting cost far more than opening a file, so the mistakes people make (a name that is not
//! there, a directory, a script without `#!`, a binary of another machine, a truncated file) are found before. The
//! checks are those of execve(2) and in its order, on the file as it is now; the LWK's loader has the last word.

mod check;
mod elf_header;
mod error;
mod script;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

pub use error::ProgramError;
pub use script::Script;

use super::Environment;

/// Where PATH is not set, glibc's `execvp` and confstr(3) `_CS_PATH` look here.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// A program that execve(2) would accept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The path as execve(2) gets it (`AT_EXECFN`); when relative, relative to the working directory.
    pub path: PathBuf,
    /// The scripts on the way to an ELF file, outermost first; empty when `path` is one itself.
    pub scripts: Vec<Script>,
    /// The ELF file that is loaded in the end, relative to the working directory when relative.
    pub binary: PathBuf,
}

impl Program {
    /// Finds and checks the program `name`. A name with a slash is a path, relative to `workdir`; any other is looked
    /// up in the PATH of `environment`, whose relative and empty entries are relative to `workdir` too.
    ///
    /// # Errors
    /// [`ProgramError`], whose `exit_code` is 127 when something is missing and 126 when it cannot be executed.
    pub fn find(name: &OsStr, environment: &Environment, workdir: &Path) -> Result<Self, ProgramError> {
        let path =
            if name.as_bytes().contains(&b'/') { PathBuf::from(name) } else { search(name, environment, workdir)? };
        let (scripts, binary) = script::follow(&path, workdir)?;
        Ok(Self { path, scripts, binary })
    }

    /// The argument vector with which `binary` runs, when the program was called with `argv`: for scripts the
    /// interpreters, their arguments and the script's path come before, as execve(2), "Interpreter scripts", says.
    #[must_use]
    pub fn argv(&self, argv: &[OsString]) -> Vec<OsString> {
        let mut result = argv.to_vec();
        let mut path = self.path.as_os_str();
        for script in &self.scripts {
            let head = [Some(script.interpreter.as_os_str()), script.argument.as_deref(), Some(path)];
            result.splice(..1.min(result.len()), head.into_iter().flatten().map(OsStr::to_owned));
            path = script.interpreter.as_os_str();
        }
        result
    }
}

fn search(name: &OsStr, environment: &Environment, workdir: &Path) -> Result<PathBuf, ProgramError> {
    let mut refused = None;
    let path = environment.get("PATH").unwrap_or(OsStr::new(DEFAULT_PATH));
    if !name.is_empty() {
        for entry in path.as_bytes().split(|byte| *byte == b':') {
            let directory = if entry.is_empty() { Path::new(".") } else { Path::new(OsStr::from_bytes(entry)) };
            let candidate = directory.join(name);
            match check::executable(&candidate, workdir) {
                Ok(()) => return Ok(candidate),
                Err(error) if error.is_missing() => {}
                Err(error) => refused = refused.or(Some(error)),
            }
        }
    }
    Err(refused.unwrap_or_else(|| ProgramError::NotInPath(name.to_owned())))
}

#[cfg(test)]
mod tests;

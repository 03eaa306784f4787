//! Whole programs: what they need, made ready on the host before either side runs them.
//!
//! A program that is not installed is said to be missing, and that is no failure. Each file here makes one program's
//! input and says which words run it; both sides get the same.

mod gcc;
mod hpcc;
mod lammps;
mod openmp;
mod python;
mod sqlite;

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use bench::catalogue::Program;

/// Whether a benchmark can be measured here.
pub(crate) enum Preparation {
    /// It can; these words are added to the command line of `bench-guest`.
    Ready(Vec<OsString>),
    /// It cannot.
    Missing(String),
}

impl Preparation {
    /// It cannot, for this reason.
    pub(crate) fn missing(why: String) -> Self {
        Self::Missing(why)
    }

    /// It can: the program, and its arguments.
    fn run<Word: AsRef<std::ffi::OsStr>>(program: &Path, words: impl IntoIterator<Item = Word>) -> Self {
        let words = words.into_iter().map(|word| word.as_ref().to_os_string());
        Self::Ready([OsString::from("--"), program.into()].into_iter().chain(words).collect())
    }

    /// The same with more words for `bench-guest` itself.
    fn with<const N: usize>(self, options: [&str; N]) -> Self {
        match self {
            Self::Ready(words) => Self::Ready(options.into_iter().map(OsString::from).chain(words).collect()),
            Self::Missing(_) => self,
        }
    }
}

/// Makes a program's input in the folder, in which it will run.
pub(crate) fn prepare(program: Program, folder: &Path) -> Result<Preparation> {
    match program {
        Program::OpenMp => openmp::prepare(folder),
        Program::Lammps => lammps::prepare(folder),
        Program::Hpcc => hpcc::prepare(folder),
        Program::Sqlite => sqlite::prepare(folder),
        Program::Gcc => gcc::prepare(folder),
        Program::Python => python::prepare(folder),
    }
}

/// Where a program is, by PATH.
pub(crate) fn installed(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Goes on with the program's path, if it is installed.
fn with_installed(name: &str, prepare: impl FnOnce(&Path) -> Result<Preparation>) -> Result<Preparation> {
    match installed(name) {
        Some(path) => prepare(&path),
        None => Ok(Preparation::missing(format!("{name} is not installed"))),
    }
}

/// Writes an input file; gives its path.
fn write(folder: &Path, name: &str, text: &str) -> Result<PathBuf> {
    let file = folder.join(name);
    fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_installed_is_missing_and_no_failure() {
        let found = with_installed("no-such-program", |_| unreachable!()).unwrap();
        assert!(matches!(found, Preparation::Missing(why) if why == "no-such-program is not installed"));
        assert!(installed("sh").is_some());
    }

    #[test]
    fn options_stand_before_the_program() {
        let ready = Preparation::run(Path::new("/bin/lmp"), ["-in", "lj"]).with(["--lines", "energy"]);
        let Preparation::Ready(words) = ready else { panic!("it is ready") };
        assert_eq!(words, ["--lines", "energy", "--", "/bin/lmp", "-in", "lj"]);
    }
}

//! The environment that the program starts with.
//!
//! Options and files mean what they mean to `docker run`: `K=V` sets, `K` alone passes the caller's value on (and is
//! nothing when the caller has none), files come before `-e`, and what stands later wins. Unlike there the caller's
//! own environment is the start, unless `--clear-env` is given: the program is as if it ran on this Linux.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The environment that the program starts with, in order, each name once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment(Vec<(OsString, OsString)>);

/// Why the environment cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// An item without a name, or with a NUL byte.
    #[error("'{0}' is not NAME=VALUE or NAME; give the variable a name")]
    Malformed(String),
    /// A file that cannot be read.
    #[error("--env-file {}: {source}; name a readable file", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What reading it gave.
        source: std::io::Error,
    },
    /// A line that is not `NAME=VALUE`, `NAME`, a comment or empty.
    #[error("--env-file {}, line {line}: {problem}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line's number, from 1.
        line: usize,
        /// What is wrong, and how it should be.
        problem: &'static str,
    },
}

impl Environment {
    /// An environment with these variables; of those with the same name the last counts.
    #[must_use]
    pub fn new(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut environment = Self::default();
        for (name, value) in variables {
            environment.set(name, value);
        }
        environment
    }

    /// What a program started with these options gets, when the caller's environment is `caller`.
    ///
    /// # Errors
    /// An item or a line of a file that is no variable, or a file that cannot be read.
    pub fn resolve(
        caller: &Self,
        clear: bool,
        files: &[PathBuf],
        items: &[OsString],
    ) -> Result<Self, EnvironmentError> {
        let mut environment = if clear { Self::default() } else { caller.clone() };
        for path in files {
            let text =
                std::fs::read(path).map_err(|source| EnvironmentError::Unreadable { path: path.clone(), source })?;
            environment.apply_file(caller, path, &text)?;
        }
        for item in items {
            environment
                .apply(caller, item.as_bytes())
                .map_err(|_| EnvironmentError::Malformed(item.to_string_lossy().escape_debug().to_string()))?;
        }
        Ok(environment)
    }

    /// The value of a variable.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_os_str())
    }

    /// The strings as execve(2) takes them: `NAME=VALUE`, in order.
    pub fn strings(&self) -> impl Iterator<Item = OsString> {
        self.0.iter().map(|(name, value)| {
            let mut string = name.clone();
            string.push("=");
            string.push(value);
            string
        })
    }

    fn set(&mut self, name: OsString, value: OsString) {
        match self.0.iter_mut().find(|(key, _)| *key == name) {
            Some(entry) => entry.1 = value,
            None => self.0.push((name, value)),
        }
    }

    fn apply(&mut self, caller: &Self, item: &[u8]) -> Result<(), &'static str> {
        if item.contains(&0) {
            return Err("holds a NUL byte; remove it");
        }
        let (name, value) = match item.iter().position(|byte| *byte == b'=') {
            Some(at) => (&item[..at], Some(&item[at + 1..])),
            None => (item, None),
        };
        if name.is_empty() {
            return Err("no variable name; write NAME=VALUE or NAME");
        }
        let name = OsStr::from_bytes(name).to_owned();
        match value {
            Some(value) => self.set(name, OsStr::from_bytes(value).to_owned()),
            None => self.pass_on(caller, name),
        }
        Ok(())
    }

    fn pass_on(&mut self, caller: &Self, name: OsString) {
        let found = caller.0.iter().find(|(key, _)| *key == name);
        match found {
            Some((_, value)) => self.set(name, value.clone()),
            None => self.0.retain(|(key, _)| *key != name),
        }
    }

    /// Reads docker's format: one item a line, `#` at its start for comments, no quoting, and no blanks in names.
    fn apply_file(&mut self, caller: &Self, path: &Path, text: &[u8]) -> Result<(), EnvironmentError> {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
            self.apply_line(caller, line).map_err(|problem| EnvironmentError::Line {
                path: path.to_owned(),
                line: index + 1,
                problem,
            })?;
        }
        Ok(())
    }

    fn apply_line(&mut self, caller: &Self, line: &[u8]) -> Result<(), &'static str> {
        let line = line.strip_suffix(b"\r").unwrap_or(line).trim_ascii_start();
        if line.is_empty() || line[0] == b'#' {
            return Ok(());
        }
        if std::str::from_utf8(line).is_err() {
            return Err("not UTF-8; save the file as UTF-8");
        }
        let name = line.split(|byte| *byte == b'=').next().unwrap_or_default();
        if name.iter().any(u8::is_ascii_whitespace) {
            return Err("blanks in the variable's name; write NAME=VALUE");
        }
        self.apply(caller, line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn environment(text: &[(&str, &str)]) -> Environment {
        Environment::new(text.iter().map(|(k, v)| (k.into(), v.into())))
    }

    fn caller() -> Environment {
        environment(&[("HOME", "/root"), ("LANG", "C")])
    }

    fn file(text: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
        file.write_all(text).expect("written");
        file
    }

    #[test]
    fn without_options_it_is_the_callers() {
        let result = Environment::resolve(&caller(), false, &[], &[]).expect("valid");
        assert_eq!(result, caller());
    }

    #[test]
    fn a_name_alone_passes_the_callers_value_on_or_is_nothing() {
        let items = ["LANG".into(), "ABSENT".into()];
        let result = Environment::resolve(&caller(), true, &[], &items).expect("valid");
        assert_eq!(result, environment(&[("LANG", "C")]));
    }

    #[test]
    fn values_keep_equal_signs_blanks_and_emptiness() {
        let items = ["A=b=c ".into(), "B=".into()];
        let result = Environment::resolve(&caller(), true, &[], &items).expect("valid");
        assert_eq!(result, environment(&[("A", "b=c "), ("B", "")]));
    }

    #[test]
    fn options_win_over_files_and_files_over_the_caller() {
        let file = file(b"LANG=file\nHOME=/file\n");
        let items = ["LANG=option".into()];
        let result = Environment::resolve(&caller(), false, &[file.path().into()], &items);
        assert_eq!(result.expect("valid"), environment(&[("HOME", "/file"), ("LANG", "option")]));
    }

    #[test]
    fn files_have_comments_empty_lines_and_no_quoting() {
        let file = file(b"\xef\xbb\xbf# note\n\n  A='x' # y\nHOME\n#B=1\r\nC=2\r\n");
        let result = Environment::resolve(&caller(), true, &[file.path().into()], &[]);
        assert_eq!(result.expect("valid"), environment(&[("A", "'x' # y"), ("HOME", "/root"), ("C", "2")]));
    }

    #[test]
    fn bad_lines_are_named_by_number() {
        for text in [&b"A=1\nB C=2"[..], b"A=1\n=2", b"\n\xff=1", b"A=1\nB=\0"] {
            let file = file(text);
            let error = Environment::resolve(&caller(), true, &[file.path().into()], &[]);
            let message = error.expect_err("refused").to_string();
            assert!(message.contains("line 2"), "{message}");
            assert!(!message.contains('\n'), "{message}");
        }
    }

    #[test]
    fn items_without_a_name_are_refused() {
        for item in ["", "=x"] {
            let error = Environment::resolve(&caller(), true, &[], &[item.into()]);
            assert!(matches!(error, Err(EnvironmentError::Malformed(_))));
        }
    }

    #[test]
    fn the_strings_are_those_of_execve() {
        let strings: Vec<OsString> = caller().strings().collect();
        assert_eq!(strings, ["HOME=/root", "LANG=C"]);
    }
}

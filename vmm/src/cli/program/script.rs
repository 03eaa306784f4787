//! Interpreter scripts: `#!` lines as execve(2) and Linux's `fs/binfmt_script.c` read them.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::{ProgramError, check, elf_header};

/// Bytes of a file in which Linux looks for its format (`BINPRM_BUF_SIZE`).
const HEAD_BYTES: usize = 256;
/// Scripts that may interpret each other before execve(2) gives ELOOP.
const DEPTH: usize = 5;

/// What the first line of a script asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The file that interprets the script.
    pub interpreter: PathBuf,
    /// Its only argument: the rest of the line, blanks inside included.
    pub argument: Option<OsString>,
}

/// Follows scripts from `path` to the ELF file that runs in the end, and checks each file on the way.
pub(super) fn follow(path: &Path, workdir: &Path) -> Result<(Vec<Script>, PathBuf), ProgramError> {
    let mut scripts: Vec<Script> = Vec::new();
    let mut current = path.to_owned();
    loop {
        check::executable(&current, workdir).map_err(|error| match error {
            ProgramError::Missing(interpreter) if !scripts.is_empty() => {
                ProgramError::InterpreterMissing { program: path.to_owned(), interpreter }
            }
            other => other,
        })?;
        let (file, head) = check::head(&current, workdir, HEAD_BYTES as u64)?;
        if head.starts_with(b"\x7fELF") {
            elf_header::check(&current, workdir, &file, &head)?;
            return Ok((scripts, current));
        }
        let Some(script) = parse(&head) else {
            return Err(ProgramError::UnknownFormat(current));
        };
        if scripts.len() == DEPTH {
            return Err(ProgramError::TooManyScripts(path.to_owned()));
        }
        current.clone_from(&script.interpreter);
        scripts.push(script);
    }
}

/// Reads the `#!` line at the start of `head`; `None` where Linux gives ENOEXEC.
fn parse(head: &[u8]) -> Option<Script> {
    let line = head.strip_prefix(b"#!")?;
    let (line, whole) = match line.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&line[..end], true),
        None => (line, head.len() < HEAD_BYTES),
    };
    let blank = |byte: &u8| matches!(*byte, b' ' | b'\t');
    let trimmed = trim(line);
    let name_end = trimmed.iter().position(|byte| blank(byte) || *byte == 0);
    if !whole && name_end.is_none() {
        return None;
    }
    let (name, rest) = trimmed.split_at(name_end.unwrap_or(trimmed.len()));
    if name.is_empty() {
        return None;
    }
    let rest = trim(rest);
    let rest = rest.split(|byte| *byte == 0).next().unwrap_or_default();
    let argument = (!rest.is_empty()).then(|| OsStr::from_bytes(rest).to_owned());
    Some(Script { interpreter: PathBuf::from(OsStr::from_bytes(name)), argument })
}

fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(interpreter: &str, argument: Option<&str>) -> Script {
        Script { interpreter: interpreter.into(), argument: argument.map(Into::into) }
    }

    #[test]
    fn the_rest_of_the_line_is_one_argument() {
        assert_eq!(parse(b"#!/bin/sh\n"), Some(script("/bin/sh", None)));
        assert_eq!(parse(b"#! /usr/bin/env -S a  b \t\nx"), Some(script("/usr/bin/env", Some("-S a  b"))));
        assert_eq!(parse(b"#!/bin/sh"), Some(script("/bin/sh", None)));
    }

    #[test]
    fn lines_without_an_interpreter_are_refused() {
        for head in [&b"#!"[..], b"#!\n/bin/sh", b"#!  \t\n", b"# !/bin/sh\n", b"echo", b""] {
            assert_eq!(parse(head), None, "{head:?}");
        }
    }

    #[test]
    fn an_interpreter_that_may_be_cut_off_is_refused() {
        let mut head = b"#!/".to_vec();
        head.resize(HEAD_BYTES, b'a');
        assert_eq!(parse(&head), None);
        head[100] = b' ';
        assert!(parse(&head).is_some());
    }
}

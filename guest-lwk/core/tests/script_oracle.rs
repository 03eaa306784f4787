//! Linux says what a script is: every first line here is executed natively too, with an interpreter that prints its
//! arguments.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use lwk_core::script;

/// What the interpreter prints, or the error number of execve(2).
type Outcome = Result<Vec<u8>, i32>;

const ENOEXEC: i32 = 8;
const EACCES: i32 = 13;
/// Prints its arguments, each in brackets.
const INTERPRETER: &str = "/usr/bin/printf";

fn outcome(command: &mut Command) -> Outcome {
    match command.output() {
        Ok(output) => Ok(output.stdout),
        Err(error) => Err(error.raw_os_error().unwrap()),
    }
}

fn predicted(path: &Path, bytes: &[u8]) -> Outcome {
    let line = script::parse(&bytes[..bytes.len().min(script::HEAD_BYTES)]).ok_or(ENOEXEC)?;
    if line.interpreter.is_empty() {
        return Err(EACCES);
    }
    let mut command = Command::new(OsStr::from_bytes(line.interpreter));
    command.args(line.argument.map(OsStr::from_bytes)).arg(path);
    outcome(&mut command)
}

fn lines() -> Vec<Vec<u8>> {
    let long = |start: &str, fill: u8, length: usize| {
        let mut line = start.as_bytes().to_vec();
        line.resize(length, fill);
        line
    };
    let with = |rest: &str| format!("#!{INTERPRETER}{rest}").into_bytes();
    let mut lines = vec![
        with(" [%s]\n"),
        with(" \t [%s] \t \n"),
        with("  a [%s]  b \n"),
        with(" [%s]"),
        with(" [%s]  "),
        with(" [%s]  \0 rest\n"),
        with("\0 [%s]\n"),
        with("\n"),
        with(""),
        with("/none [%s]\n"),
        format!("#! \t{INTERPRETER} [%s]\n").into_bytes(),
        b"#!".to_vec(),
        b"#!\n".to_vec(),
        b"#! \t \n".to_vec(),
        b"#!\0\n".to_vec(),
        b"# !/bin/sh\n".to_vec(),
        b"#".to_vec(),
        b"text\n".to_vec(),
        long("#!", b' ', 300),
        long("#!/", b'a', 256),
        long("#!/", b'a', 300),
    ];
    // The argument and the interpreter's path around the end of the buffer.
    for length in 250..262 {
        lines.push(long(&format!("#!{INTERPRETER} [%s]"), b'x', length));
        lines.push(long(&format!("#!{INTERPRETER} [%s]"), b' ', length));
        for end in ["\n", " ", "\0", "\t\n", " x\n", ""] {
            let mut line = long("#!", b'/', length - INTERPRETER.len() + 1);
            line.extend(&INTERPRETER.as_bytes()[1..]);
            line.extend(end.as_bytes());
            lines.push(line);
        }
    }
    lines
}

#[test]
fn every_first_line_means_what_it_means_to_linux() {
    assert!(Path::new(INTERPRETER).exists(), "{INTERPRETER} (coreutils) is missing");
    let folder = std::env::temp_dir().join(format!("lwk-core-script-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let mut wrong = Vec::new();
    for (i, bytes) in lines().into_iter().enumerate() {
        let path = folder.join(format!("script-{i}"));
        fs::write(&path, &bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let (native, predicted) = (outcome(&mut Command::new(&path)), predicted(&path, &bytes));
        if native != predicted {
            let line = std::ffi::OsString::from_vec(bytes);
            wrong.push(format!("{line:?}: {native:?} natively, predicted {predicted:?}"));
        }
    }
    fs::remove_dir_all(&folder).unwrap();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

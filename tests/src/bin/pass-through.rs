//! Takes the command line of `lwk-vmm` and runs the program on Linux, faithfully or with a chosen defect.
//!
//! With it as `LWK_VMM` the lists of cases are compared with themselves, which shows that they are deterministic;
//! with `PASS_THROUGH_DEFECT` the harness's own tests show that every kind of difference is found.

use std::ffi::OsString;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitCode, Stdio};

/// Options of `lwk-vmm` that are followed by a value.
const WITH_VALUE: [&str; 6] = ["--cpus", "--mem", "--agent-cpus", "--hugepages", "--privilege", "--env-file"];

fn main() -> ExitCode {
    let Some(mut command) = parse(std::env::args_os().skip(1)) else {
        eprintln!("pass-through: no program");
        return ExitCode::from(125);
    };
    let defect = std::env::var("PASS_THROUGH_DEFECT").unwrap_or_default();
    command.env_remove("PASS_THROUGH_DEFECT");
    if defect.is_empty() {
        let error = command.exec();
        eprintln!("lwk-vmm: {error}");
        return ExitCode::from(127);
    }
    with_defect(&mut command, &defect)
}

fn parse(mut words: impl Iterator<Item = OsString>) -> Option<Command> {
    let mut environment = Vec::new();
    let mut folder = None;
    let mut clear = false;
    let program = loop {
        let word = words.next()?;
        match word.to_str().unwrap_or_default() {
            "--" => break words.next()?,
            "-e" | "--env" => environment.push(words.next()?),
            "-w" | "--workdir" => folder = words.next(),
            "--clear-env" => clear = true,
            option if WITH_VALUE.contains(&option) => drop(words.next()),
            option if option.starts_with('-') => {}
            _ => break word,
        }
    };
    let mut command = Command::new(program);
    command.args(words);
    if clear {
        command.env_clear();
    }
    for variable in environment {
        set(&mut command, &variable);
    }
    if let Some(folder) = folder {
        command.current_dir(folder);
    }
    Some(command)
}

fn set(command: &mut Command, variable: &OsString) {
    let text = variable.to_string_lossy();
    match text.split_once('=') {
        Some((name, value)) => command.env(name, value),
        None => match std::env::var_os(variable) {
            Some(value) => command.env(variable, value),
            None => command.env_remove(variable),
        },
    };
}

fn with_defect(command: &mut Command, defect: &str) -> ExitCode {
    let status = command
        .status()
        .map_or(127, |status| status.code().or(status.signal().map(|number| 128 + number)).unwrap_or(255));
    let mut afterwards = Command::new("/bin/sh");
    match defect {
        "stdout" => println!("a line that Linux did not print"),
        "stderr" => eprintln!("a line that Linux did not print"),
        "status" => return ExitCode::from(77),
        "hang" => std::thread::sleep(std::time::Duration::from_secs(3600)),
        "process" => drop(afterwards.args(["-c", "exec sleep 60"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn()),
        script => drop(afterwards.args(["-c", script]).status()),
    }
    ExitCode::from(u8::try_from(status).unwrap_or(255))
}

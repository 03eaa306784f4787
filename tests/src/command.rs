//! Makes a case's folder and the command that runs it there, natively or on the LWK: the same but for a prefix.

use std::ffi::OsString;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::case::Case;
use crate::cpus::Placement;

/// Where programs are looked up.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Where a case runs.
#[derive(Clone, Copy, Debug)]
pub enum Runner<'a> {
    /// On Linux.
    Native,
    /// Under this `lwk-vmm`.
    Lwk(&'a Path, Placement),
}

/// Makes `folder` and what the case wants in it.
///
/// # Errors
/// What the file system answers, or what the set-up script says.
pub fn set_up(case: &Case, folder: &Path) -> Result<()> {
    fs::create_dir(folder)?;
    if case.set_up.is_empty() {
        return Ok(());
    }
    let mut shell = Command::new("/bin/sh");
    shell.args(["-euc", &case.set_up]).current_dir(folder).stdin(Stdio::null());
    surroundings(&mut shell, folder);
    let output = shell.output()?;
    if !output.status.success() {
        bail!("set-up: {}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

fn surroundings(command: &mut Command, folder: &Path) {
    command.env_clear().env("PATH", PATH).env("LC_ALL", "C").env("TZ", "UTC0").env("HOME", folder);
}

/// The command that runs `case` in `folder`, the leader of a process group of its own.
///
/// # Errors
/// Too few CPUs.
pub fn command(case: &Case, runner: Runner, folder: &Path) -> Result<Command> {
    let mut words: Vec<OsString> = Vec::new();
    if let Runner::Lwk(executable, placement) = runner {
        let cpus = placement.list().context("too few CPUs")?;
        words.push(executable.into());
        words.extend(["--cpus".into(), cpus.into(), "--mem".into(), OsString::from(&case.memory)]);
        if placement.on_each() > 1 {
            words.extend(["--vcpus-per-cpu".into(), placement.on_each().to_string().into()]);
        }
        words.extend(case.options.iter().cloned());
        words.extend(case.program_environment.iter().flat_map(option_for));
        words.push("--".into());
    }
    words.extend(case.argv.iter().cloned());
    if !case.prelude.is_empty() {
        let script = format!("{}\nexec \"$@\"", case.prelude);
        words.splice(0..0, ["/bin/sh".into(), "-c".into(), script.into(), "sh".into()]);
    }
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).current_dir(folder).process_group(0);
    surroundings(&mut command, folder);
    command.envs(case.environment.iter().cloned());
    if matches!(runner, Runner::Native) {
        command.envs(case.program_environment.iter().cloned());
    }
    Ok(command)
}

fn option_for((name, value): &(OsString, OsString)) -> [OsString; 2] {
    let mut text = name.clone();
    text.push("=");
    text.push(value);
    ["--env".into(), text]
}

/// Where `program` is: a path as it stands, a name as PATH says.
#[must_use]
pub fn find(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return program.exists().then(|| program.to_path_buf());
    }
    PATH.split(':').map(|folder| Path::new(folder).join(program)).find(|path| path.is_file())
}

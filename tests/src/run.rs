//! Runs one case once: in a fresh folder, within its time limit, with everything it leaves recorded.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitOptions, getpid, kill_process, kill_process_group, set_child_subreaper, waitpgid,
};

use crate::case::{Case, Stdin, Stdout};
use crate::cpus::{Placement, Turn};
use crate::outcome::Outcome;
use crate::{lwk, terminal, tree};

/// Where programs are looked up, in the tests and by [`crate::suite`].
pub const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// How long processes of the group may outlive the program.
const GRACE: Duration = Duration::from_secs(3);
/// How long a CPU may belong to somebody else.
const PATIENCE: Duration = Duration::from_mins(2);
/// What `lwk-vmm` says of such a CPU.
const OCCUPIED: &str = "belongs to another partition";
/// How often a running child is looked at.
const LOOK: Duration = Duration::from_millis(2);
/// Where lwk-vmm's own remarks begin; they are no part of the program's stderr.
const REMARK: &[u8] = b"lwk-vmm: warning: ";

/// Where a case runs.
#[derive(Clone, Copy, Debug)]
pub enum Runner<'a> {
    /// On Linux.
    Native,
    /// Under this `lwk-vmm`.
    Lwk(&'a Path, Placement),
}

/// Runs `case` natively and on the LWK under test.
///
/// # Errors
/// A set-up that failed, an executable that is missing; a difference is not an error.
pub fn both(case: &Case, placement: Placement) -> Result<(Outcome, Outcome)> {
    let executable = lwk::executable().map_err(anyhow::Error::msg)?;
    let parent = tempfile::Builder::new().prefix("lwk-differential-").tempdir()?;
    let folder = parent.path().join("case");
    let native = once(case, Runner::Native, &folder)?;
    let _turn = Turn::wait()?;
    let runner = Runner::Lwk(executable, placement);
    let deadline = Instant::now() + PATIENCE;
    let mut lwk = once(case, runner, &folder)?;
    while is_occupied(&lwk) && Instant::now() < deadline {
        sleep(LOOK * 50);
        lwk = once(case, runner, &folder)?;
    }
    Ok((native, lwk))
}

/// Whether a CPU belongs to a partition that is none of ours: a developer's, or that of another package's tests.
fn is_occupied(outcome: &Outcome) -> bool {
    let text = String::from_utf8_lossy(&outcome.stderr);
    outcome.status == 125 && text.starts_with("lwk-vmm: ") && text.contains(OCCUPIED)
}

/// Runs `case` in `folder`, which is made before and removed afterwards.
///
/// # Errors
/// A set-up that failed, a runner that cannot be started.
pub fn once(case: &Case, runner: Runner, folder: &Path) -> Result<Outcome> {
    set_child_subreaper(Some(getpid()))?;
    set_up(case, folder)?;
    let mut command = command(case, runner, folder)?;
    let mut streams = Streams::attach(case, folder, &mut command)?;
    let started = Instant::now();
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) if matches!(runner, Runner::Native) => return refused(&error, folder),
        Err(error) => return Err(error).with_context(|| format!("{command:?}")),
    };
    drop(command);
    let group = Pid::from_child(&child);
    let (stdout, stderr) = streams.pump(case, &mut child)?;
    let (status, timed_out) = wait(&mut child, group, started + case.timeout)?;
    drop(streams);
    let left = reap(group);
    let stdout = stdout.recv_timeout(GRACE);
    let stderr = stderr.recv_timeout(GRACE);
    let outcome = Outcome {
        left_processes: left || stdout.is_err() || stderr.is_err(),
        stdout: stdout.unwrap_or_default(),
        stderr: without_remarks(&stderr.unwrap_or_default(), runner),
        status: status.code().or(status.signal().map(|number| 128 + number)).unwrap_or(-1),
        tree: tree::read(folder)?,
        refused: false,
        timed_out,
    };
    fs::remove_dir_all(folder)?;
    Ok(outcome)
}

/// What a shell makes of a program that cannot be executed: status 127 if it is missing, 126 otherwise.
fn refused(error: &io::Error, folder: &Path) -> Result<Outcome> {
    let missing = error.kind() == io::ErrorKind::NotFound;
    let outcome = Outcome {
        stdout: Vec::new(),
        stderr: Vec::new(),
        status: if missing { 127 } else { 126 },
        tree: tree::read(folder)?,
        refused: true,
        timed_out: false,
        left_processes: false,
    };
    fs::remove_dir_all(folder)?;
    Ok(outcome)
}

fn set_up(case: &Case, folder: &Path) -> Result<()> {
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

fn command(case: &Case, runner: Runner, folder: &Path) -> Result<Command> {
    let mut words: Vec<OsString> = Vec::new();
    if let Runner::Lwk(executable, placement) = runner {
        let cpus = placement.list().context("too few CPUs")?;
        words.push(executable.into());
        words.extend(["--cpus".into(), cpus.into(), "--mem".into(), OsString::from(&case.memory)]);
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

/// Our ends of what the program reads and writes.
#[derive(Default)]
struct Streams {
    terminal: Option<File>,
    silent: Option<std::process::ChildStdin>,
}

type Bytes = Receiver<Vec<u8>>;

impl Streams {
    fn attach(case: &Case, folder: &Path, command: &mut Command) -> Result<Self> {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        match &case.stdin {
            Stdin::Null => command.stdin(Stdio::null()),
            Stdin::Pipe(_) | Stdin::Silent => command.stdin(Stdio::piped()),
            Stdin::File(name) => command.stdin(File::open(folder.join(name))?),
            Stdin::Terminal => {
                let (ours, theirs) = terminal::open()?;
                command.stdin(theirs.try_clone()?).stdout(theirs.try_clone()?).stderr(theirs);
                return Ok(Self { terminal: Some(ours), silent: None });
            }
        };
        Ok(Self::default())
    }

    /// Starts the threads that feed and drain the program; what they read arrives when it is complete.
    fn pump(&mut self, case: &Case, child: &mut Child) -> Result<(Bytes, Bytes)> {
        if let Some(terminal) = self.terminal.take() {
            return Ok((drain(terminal, case, None), drain(io::empty(), case, None)));
        }
        let mut stdin = child.stdin.take();
        if let Stdin::Pipe(bytes) = &case.stdin {
            let bytes = bytes.clone();
            // A program that does not read all of its input is no error.
            spawn(move || stdin.as_mut().is_some_and(|pipe| pipe.write_all(&bytes).is_ok()));
        } else {
            self.silent = stdin;
        }
        let signal = case.signal.map(|signal| (Pid::from_child(child), signal));
        let stdout = child.stdout.take().context("stdout is piped")?;
        let stderr = child.stderr.take().context("stderr is piped")?;
        let unlimited = Case { stdout: Stdout::Read, ..case.clone() };
        Ok((drain(stdout, case, signal), drain(stderr, &unlimited, None)))
    }
}

fn drain(source: impl Read + Send + 'static, case: &Case, signal: Option<(Pid, Signal)>) -> Bytes {
    let (sender, receiver) = channel();
    let limit = match case.stdout {
        Stdout::Read => u64::MAX,
        Stdout::CloseAfter(bytes) => bytes as u64,
    };
    spawn(move || {
        let mut bytes = Vec::new();
        let mut source = BufReader::with_capacity(1 << 16, source.take(limit));
        if let Some((process, signal)) = signal {
            let _ = source.read_until(b'\n', &mut bytes);
            let _ = kill_process(process, signal);
        }
        // A terminal ends with EIO; what came before counts.
        let _ = source.read_to_end(&mut bytes);
        drop(source);
        sender.send(bytes)
    });
    receiver
}

fn wait(child: &mut Child, group: Pid, deadline: Instant) -> io::Result<(ExitStatus, bool)> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok((status, false));
        }
        if Instant::now() > deadline {
            kill_process_group(group, Signal::KILL)?;
            return Ok((child.wait()?, true));
        }
        sleep(LOOK);
    }
}

/// Waits for the processes of the group that are still there; kills them and says true if they stay. We are
/// their subreaper, so none of them can hide behind init.
fn reap(group: Pid) -> bool {
    let deadline = Instant::now() + GRACE;
    loop {
        match waitpgid(group, WaitOptions::NOHANG) {
            Err(Errno::CHILD) => return false,
            Ok(None) if Instant::now() > deadline => {
                let _ = kill_process_group(group, Signal::KILL);
                return true;
            }
            _ => sleep(LOOK),
        }
    }
}

fn without_remarks(stderr: &[u8], runner: Runner) -> Vec<u8> {
    if matches!(runner, Runner::Native) {
        return stderr.to_vec();
    }
    let lines = stderr.split_inclusive(|byte| *byte == b'\n');
    lines.filter(|line| !line.starts_with(REMARK)).collect::<Vec<_>>().concat()
}

/// Where `program` is: a path as it stands, a name as PATH says.
#[must_use]
pub fn find(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return program.exists().then(|| program.to_path_buf());
    }
    PATH.split(':').map(|folder| Path::new(folder).join(program)).find(|path| path.is_file())
}

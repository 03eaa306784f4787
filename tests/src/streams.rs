//! The other ends of the program's descriptors 0, 1 and 2.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{sleep, spawn};
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};

use crate::case::{Case, Stdin, Stdout};
use crate::{conversation, terminal};

/// Between the program's first line and the signal: time to begin the call that the signal is to hit, which no
/// program can announce from within.
const SETTLE: Duration = Duration::from_millis(200);

/// Our ends of what the program reads and writes.
#[derive(Default)]
pub struct Streams {
    terminal: Option<File>,
    silent: Option<ChildStdin>,
}

/// Arrives when all of a stream has been read.
pub type Bytes = Receiver<Vec<u8>>;

impl Streams {
    /// Gives `command` its descriptors.
    ///
    /// # Errors
    /// A file or terminal that cannot be opened.
    pub fn attach(case: &Case, folder: &Path, command: &mut Command) -> Result<Self> {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        match &case.stdin {
            Stdin::Null => command.stdin(Stdio::null()),
            Stdin::Pipe(_) | Stdin::Silent => command.stdin(Stdio::piped()),
            Stdin::File(name) => command.stdin(File::open(folder.join(name))?),
            Stdin::Terminal | Stdin::Conversation(_) => {
                let (ours, theirs) = terminal::open()?;
                command.stdin(theirs.try_clone()?).stdout(theirs.try_clone()?).stderr(theirs);
                return Ok(Self { terminal: Some(ours), silent: None });
            }
        };
        Ok(Self::default())
    }

    /// Starts the threads that feed and drain the program; what they read arrives when it is complete.
    ///
    /// # Errors
    /// A stream that is not a pipe.
    pub fn pump(&mut self, case: &Case, child: &mut Child) -> Result<(Bytes, Bytes)> {
        if let Some(terminal) = self.terminal.take() {
            let shown = match &case.stdin {
                Stdin::Conversation(steps) => conversation::hold(terminal, steps.clone()),
                _ => drain(terminal, case, None),
            };
            return Ok((shown, drain(io::empty(), case, None)));
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
            if bytes.ends_with(b"\n") {
                sleep(SETTLE);
                let _ = kill_process(process, signal);
            }
        }
        // A terminal ends with EIO; what came before counts.
        let _ = source.read_to_end(&mut bytes);
        drop(source);
        sender.send(bytes)
    });
    receiver
}

//! What a case is: a command, its surroundings, and what is expected of Linux.

use std::ffi::OsString;
use std::time::Duration;

use rustix::process::Signal;

use crate::conversation::Step;

/// What the program finds on descriptor 0.
#[derive(Clone, Debug, Default)]
pub enum Stdin {
    /// `/dev/null`.
    #[default]
    Null,
    /// A pipe that carries these bytes and is then closed.
    Pipe(Vec<u8>),
    /// A pipe that stays open and empty until the program ends.
    Silent,
    /// A file of the case's folder, opened for reading.
    File(&'static str),
    /// A terminal of 24 rows and 80 columns, which is then descriptors 0, 1 and 2.
    Terminal,
    /// The same, with somebody who reads and types.
    Conversation(Vec<Step>),
}

/// What happens to the pipe on descriptor 1.
#[derive(Clone, Copy, Debug, Default)]
pub enum Stdout {
    /// All of it is read.
    #[default]
    Read,
    /// The reader goes away after this many bytes.
    CloseAfter(usize),
}

/// One command to run natively and on the LWK.
#[derive(Clone, Debug)]
pub struct Case {
    /// Unique in its list; it becomes part of the test's name.
    pub name: String,
    /// The program (looked up in the fixed PATH) and its arguments.
    pub argv: Vec<OsString>,
    /// Descriptor 0.
    pub stdin: Stdin,
    /// Descriptor 1.
    pub stdout: Stdout,
    /// Variables beyond the fixed ones.
    pub environment: Vec<(OsString, OsString)>,
    /// Variables for the program, but not for `lwk-vmm` itself: it gets them by `--env`.
    pub program_environment: Vec<(OsString, OsString)>,
    /// Run by `/bin/sh` in the folder before the program, both times natively.
    pub set_up: String,
    /// Run by the shell that then becomes the program: `umask`, `ulimit`, redirections.
    pub prelude: String,
    /// Options for `lwk-vmm` besides those that place the partition.
    pub options: Vec<OsString>,
    /// Memory of the partition, as `--mem` takes it.
    pub memory: String,
    /// Programs that must be installed, besides the one that runs.
    pub needs: Vec<&'static str>,
    /// The exit status that Linux must yield, 128+n for signal n: shows that the case does what its author meant.
    pub status: i32,
    /// Whether the LWK is known to differ: the test fails once it does not any more, so that the mark goes.
    pub differs: bool,
    /// Whether it takes minutes, so that it runs only when such cases are asked for.
    pub long: bool,
    /// A signal for the process, sent shortly after it has written its first line.
    pub signal: Option<Signal>,
    /// After this long the process group is killed and the case has failed.
    pub timeout: Duration,
}

impl Case {
    /// A case that runs `argv` on `/dev/null` in an empty folder and expects status 0.
    pub fn new<A: Into<OsString>>(name: &str, argv: impl IntoIterator<Item = A>) -> Self {
        Self {
            name: name.to_owned(),
            argv: argv.into_iter().map(Into::into).collect(),
            stdin: Stdin::Null,
            stdout: Stdout::Read,
            environment: Vec::new(),
            program_environment: Vec::new(),
            set_up: String::new(),
            prelude: String::new(),
            options: Vec::new(),
            memory: "1G".to_owned(),
            needs: Vec::new(),
            status: 0,
            differs: false,
            long: false,
            signal: None,
            timeout: Duration::from_mins(1),
        }
    }

    /// A case whose command line is split at blanks; for commands without quotes.
    #[must_use]
    pub fn words(name: &str, command: &str) -> Self {
        Self::new(name, command.split_whitespace())
    }

    /// A case that runs builtins of `sh`.
    #[must_use]
    pub fn shell(name: &str, script: &str) -> Self {
        Self::new(name, ["sh", "-c", script])
    }

    /// Sets the set-up script.
    #[must_use]
    pub fn set_up(mut self, script: &str) -> Self {
        script.clone_into(&mut self.set_up);
        self
    }

    /// Sets the prelude.
    #[must_use]
    pub fn prelude(mut self, script: &str) -> Self {
        script.clone_into(&mut self.prelude);
        self
    }

    /// Sends `bytes` to the program through a pipe.
    #[must_use]
    pub fn stdin(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.stdin = Stdin::Pipe(bytes.as_ref().to_vec());
        self
    }

    /// Opens `file` as descriptor 0.
    #[must_use]
    pub fn stdin_file(mut self, file: &'static str) -> Self {
        self.stdin = Stdin::File(file);
        self
    }

    /// Gives the program a terminal.
    #[must_use]
    pub fn on_a_terminal(mut self) -> Self {
        self.stdin = Stdin::Terminal;
        self
    }

    /// Gives the program a terminal and somebody who takes these steps.
    #[must_use]
    pub fn types(mut self, steps: &[Step]) -> Self {
        self.stdin = Stdin::Conversation(steps.to_vec());
        self
    }

    /// Closes the reading end of stdout after `bytes`.
    #[must_use]
    pub fn close_stdout_after(mut self, bytes: usize) -> Self {
        self.stdout = Stdout::CloseAfter(bytes);
        self
    }

    /// Sends `signal` shortly after the first line of output; stdin is a pipe without data.
    #[must_use]
    pub fn signal(mut self, signal: Signal) -> Self {
        self.stdin = Stdin::Silent;
        self.signal = Some(signal);
        self
    }

    /// Adds a variable.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Adds a variable that `lwk-vmm` itself must not see, such as `LD_PRELOAD`.
    #[must_use]
    pub fn program_variable(mut self, name: &str, value: &str) -> Self {
        self.program_environment.push((name.into(), value.into()));
        self
    }

    /// Adds options for `lwk-vmm`.
    #[must_use]
    pub fn options<A: Into<OsString>>(mut self, options: impl IntoIterator<Item = A>) -> Self {
        self.options.extend(options.into_iter().map(Into::into));
        self
    }

    /// Sets the partition's memory.
    #[must_use]
    pub fn memory(mut self, size: &str) -> Self {
        size.clone_into(&mut self.memory);
        self
    }

    /// Names programs that the set-up needs.
    #[must_use]
    pub fn needs(mut self, programs: &[&'static str]) -> Self {
        self.needs.extend_from_slice(programs);
        self
    }

    /// Says whether the LWK is known to differ.
    #[must_use]
    pub fn differs(mut self, differs: bool) -> Self {
        self.differs = differs;
        self
    }

    /// Says that the case takes minutes.
    #[must_use]
    pub fn long(mut self) -> Self {
        self.long = true;
        self
    }

    /// Sets the status that Linux must yield.
    #[must_use]
    pub fn status(mut self, status: i32) -> Self {
        self.status = status;
        self
    }

    /// Sets the time limit in seconds.
    #[must_use]
    pub fn seconds(mut self, seconds: u64) -> Self {
        self.timeout = Duration::from_secs(seconds);
        self
    }
}

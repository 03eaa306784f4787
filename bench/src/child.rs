//! Runs programs on either side, and checks what `bench-guest` says.
//!
//! A run that hangs is ended, a run that fails shows what it wrote to stderr. A run that reports more time than passed
//! outside is a failure too: its clock is wrong, and so is its figure.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use bench::line::{Line, Report};

use crate::ending::{self, Deadline};

/// What the clocks inside and outside may differ by: 1 % and a delay in noticing a line.
const CLOCK_TOLERANCE: f64 = 1.01;
const NOTICE_DELAY: Duration = Duration::from_millis(20);

/// A run that ended well.
#[derive(Debug)]
pub(crate) struct Run {
    /// Its result.
    pub(crate) report: Report,
    /// What it wrote to stderr.
    pub(crate) messages: String,
}

/// Runs the command for `limit` at most; `at_start` is called with its process id when the measurement begins.
pub(crate) fn run(command: &mut Command, limit: Duration, at_start: impl FnOnce(u32)) -> Result<Run> {
    let shown = display(command);
    let messages = tempfile::tempfile().context("no temporary file for stderr")?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(messages.try_clone()?)
        .spawn()
        .with_context(|| format!("cannot start {shown}"))?;
    let report = report_of(&mut child, Deadline::after(limit), at_start);
    let messages = text_of(messages)?;
    match report {
        Ok(report) => Ok(Run { report, messages }),
        Err(error) => Err(error.context(format!("{shown} failed: {}", messages.trim_end()))),
    }
}

/// Listens to the program and reaps it.
fn report_of(child: &mut Child, deadline: Deadline, at_start: impl FnOnce(u32)) -> Result<Report> {
    let answer = converse(child, deadline, at_start);
    if answer.as_ref().is_err_and(|error| !error.is::<Silence>()) {
        ending::kill(child)?;
        return answer;
    }
    let status = ending::wait(child, deadline)?;
    ensure!(status.success(), "{status}");
    answer
}

/// The program closed its output before it had said everything; how it ended says why.
#[derive(Debug)]
struct Silence;

impl std::fmt::Display for Silence {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str("it ended without a result")
    }
}

impl std::error::Error for Silence {}

fn converse(child: &mut Child, deadline: Deadline, at_start: impl FnOnce(u32)) -> Result<Report> {
    let lines = lines_of(child.stdout.take().context("no stdout")?);
    let (began, line) = next(&lines, deadline)?;
    ensure!(line == Line::Started, "the result came before the start");
    at_start(child.id());
    let (ended, line) = next(&lines, deadline)?;
    let Line::Finished(report) = line else {
        bail!("it started twice");
    };
    let outside = ended - began;
    let inside = Duration::from_nanos(report.elapsed_ns);
    ensure!(
        inside < outside.mul_f64(CLOCK_TOLERANCE) + NOTICE_DELAY,
        "its clock is wrong: it counted {inside:?} while {outside:?} passed"
    );
    Ok(report)
}

/// Each line with the time of its arrival; a thread waits for them, so that we can stop waiting.
fn lines_of(stdout: ChildStdout) -> Receiver<(Instant, String)> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if sender.send((Instant::now(), line)).is_err() {
                return;
            }
        }
    });
    receiver
}

fn next(lines: &Receiver<(Instant, String)>, deadline: Deadline) -> Result<(Instant, Line)> {
    let (arrived, text) = lines.recv_timeout(deadline.remains()).map_err(|why| match why {
        mpsc::RecvTimeoutError::Timeout => anyhow!(deadline.complaint()),
        mpsc::RecvTimeoutError::Disconnected => Silence.into(),
    })?;
    let line = Line::parse(&text).with_context(|| format!("unexpected output {text:?}"))?;
    Ok((arrived, line))
}

/// All that was written to a file.
pub(crate) fn text_of(mut file: File) -> Result<String> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The command as one would type it.
pub(crate) fn display(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const STARTED: &str = r#"{"event":"started"}"#;

    fn finished(elapsed_ns: u64) -> String {
        let report = Report {
            benchmark: "stat".into(),
            ns_per_operation: 5.0,
            samples: vec![5.0],
            operations: 1,
            elapsed_ns,
            checksum: 7,
        };
        serde_json::to_string(&Line::Finished(report)).unwrap()
    }

    fn shell(script: &str, limit: Duration) -> Result<Run> {
        run(Command::new("sh").args(["-c", script]), limit, |_| ())
    }

    fn error_of(script: &str) -> String {
        format!("{:#}", shell(script, Duration::from_mins(1)).unwrap_err())
    }

    #[test]
    fn a_report_is_read_and_messages_are_kept() {
        let script = format!("echo '{STARTED}'; echo careful >&2; echo '{}'", finished(5));
        let run = shell(&script, Duration::from_mins(1)).unwrap();
        assert_eq!((run.report.checksum, run.messages.as_str()), (7, "careful\n"));
    }

    #[test]
    fn a_run_that_fails_shows_its_status_and_its_last_words() {
        let error = error_of("echo no such kernel >&2; exit 125");
        assert!(error.contains("no such kernel") && error.contains("exit status: 125"), "{error}");
        assert!(error_of("exit 0").contains("it ended without a result"));
    }

    #[test]
    fn a_result_does_not_excuse_an_exit_status() {
        let script = format!("echo '{STARTED}'; echo '{}'; exit 3", finished(5));
        assert!(error_of(&script).contains("exit status: 3"));
    }

    #[test]
    fn a_run_that_hangs_is_ended_wherever_it_hangs() {
        let report = finished(5);
        for script in ["exec sleep 100", &format!("echo '{STARTED}'; echo '{report}'; exec sleep 100")] {
            let error = format!("{:#}", shell(script, Duration::from_millis(200)).unwrap_err());
            assert!(error.contains("it hangs"), "{error}");
        }
    }

    #[test]
    fn a_clock_that_counts_more_than_passed_is_wrong() {
        let script = format!("echo '{STARTED}'; echo '{}'", finished(60_000_000_000));
        assert!(error_of(&script).contains("its clock is wrong"));
    }

    #[test]
    fn other_output_is_no_report() {
        assert!(error_of("echo hello; exec sleep 100").contains("unexpected output"));
    }
}

//! What the emulated host said, and whether that is good enough.
//!
//! Silence must not pass for success: the host has to come up, finish its job, and report enough cases.

use std::time::Duration;

use anyhow::{Result, bail};

/// One line of the second serial line.
#[derive(Debug, PartialEq)]
enum Line<'a> {
    /// The host is up, after so many seconds.
    Ready(&'a str),
    /// The host cannot do what it is for.
    Fatal(&'a str),
    /// A case ran.
    Case(Case<'a>),
    /// The job is over, with this exit status.
    End(Option<i32>),
    /// Anything else: output to pass on.
    Text(&'a str),
}

/// One run of a case.
#[derive(Debug, PartialEq)]
struct Case<'a> {
    passed: bool,
    cpus: &'a str,
    took: Duration,
    name: &'a str,
}

impl<'a> Line<'a> {
    fn parse(line: &'a str) -> Self {
        let Some((word, rest)) = line.strip_prefix('@').and_then(|line| line.split_once(' ')) else {
            return Self::Text(line);
        };
        match word {
            "ready" => Self::Ready(rest),
            "fatal" => Self::Fatal(rest),
            "end" => Self::End(rest.parse().ok()),
            "ok" | "FAIL" => Case::parse(word == "ok", rest).map_or(Self::Text(line), Self::Case),
            _ => Self::Text(line),
        }
    }
}

impl<'a> Case<'a> {
    /// `CPU-LIST CENTISECONDS NAME`.
    fn parse(passed: bool, text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(3, ' ');
        let (cpus, centiseconds, name) = (parts.next()?, parts.next()?, parts.next()?);
        let took = Duration::from_millis(centiseconds.parse::<u64>().ok()? * 10);
        Some(Self { passed, cpus, took, name })
    }
}

/// Counts what the host reports and prints it as it comes.
#[derive(Default)]
pub(super) struct Report {
    ready: bool,
    fatal: Option<String>,
    passed: usize,
    failed: Vec<String>,
    status: Option<i32>,
}

impl Report {
    /// Takes the next line.
    pub(super) fn take(&mut self, line: &str) {
        match Line::parse(line) {
            Line::Ready(seconds) => {
                self.ready = true;
                println!("class H: the emulated host is up after {seconds} s");
            }
            Line::Fatal(reason) => self.fatal = Some(reason.to_owned()),
            Line::Case(case) => self.count(&case),
            Line::End(status) => self.status = status,
            Line::Text(text) => println!("{text}"),
        }
    }

    fn count(&mut self, case: &Case) {
        let Case { passed, cpus, took, name } = case;
        println!("{} {name} (cpus {cpus}, {took:.1?})", if *passed { "ok  " } else { "FAIL" });
        if *passed {
            self.passed += 1;
        } else {
            self.failed.push(format!("{name} (cpus {cpus})"));
        }
    }

    /// Fails if the host did not come up, died or did not finish its job.
    pub(super) fn survived(&self, console: &str) -> Result<()> {
        if let Some(reason) = &self.fatal {
            bail!("{reason}");
        }
        if console.contains("Kernel panic") {
            bail!("the emulated host's kernel panicked");
        }
        if !self.ready {
            bail!("the emulated host did not come up");
        }
        if self.status.is_none() {
            bail!("the emulated host went down before its job was over");
        }
        Ok(())
    }

    /// Fails if the job's exit status was not 0.
    pub(super) fn command_succeeded(&self) -> Result<()> {
        match self.status {
            Some(0) => Ok(()),
            status => bail!("the command ended with status {}", status.unwrap_or(-1)),
        }
    }

    /// Prints the sum; fails if a case failed or if fewer than `least` cases ran in each of `configurations`.
    pub(super) fn judge(&self, configurations: usize, least: usize) -> Result<()> {
        println!("class H: {} passed, {} failed", self.passed, self.failed.len());
        if !self.failed.is_empty() {
            bail!("{} failed: {}", self.failed.len(), self.failed.join("; "));
        }
        if self.passed < least * configurations {
            bail!("{} runs, but {least} cases in {configurations} configuration(s) are the least", self.passed);
        }
        self.command_succeeded()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(lines: &[&str]) -> Report {
        let mut report = Report::default();
        for line in lines {
            report.take(line);
        }
        report
    }

    #[test]
    fn a_case_line_is_taken_apart() {
        let case = Case { passed: false, cpus: "0-1", took: Duration::from_millis(1230), name: "mmap fixed 3" };
        assert_eq!(Line::parse("@FAIL 0-1 123 mmap fixed 3"), Line::Case(case));
    }

    #[test]
    fn a_line_that_is_no_report_is_passed_on() {
        for text in ["", "@", "@ok", "@ok 0 x name", "ok 0 1 name", "@unknown 1"] {
            assert_eq!(Line::parse(text), Line::Text(text));
        }
    }

    #[test]
    fn enough_passed_cases_are_a_success() {
        let report = report(&["@ready 3.1", "@ok 0 10 a", "@ok 0-1 10 a", "@end 0"]);
        assert!(report.survived("").is_ok());
        assert!(report.judge(2, 1).is_ok());
        assert!(report.judge(2, 2).is_err(), "two cases in two configurations were asked for");
    }

    #[test]
    fn a_failed_case_fails_the_stage() {
        assert!(report(&["@ready 3.1", "@ok 0 10 a", "@FAIL 0 10 b", "@end 0"]).judge(1, 1).is_err());
    }

    #[test]
    fn a_host_that_dies_or_never_comes_up_fails_the_stage() {
        assert!(report(&["@ok 0 10 a", "@end 0"]).survived("").is_err(), "never ready");
        assert!(report(&["@ready 3.1", "@ok 0 10 a"]).survived("").is_err(), "no end");
        assert!(report(&["@ready 3.1", "@end 0"]).survived("[1.0] Kernel panic - not syncing").is_err());
        assert!(report(&["@fatal no /dev/kvm", "@ready 3.1", "@end 0"]).survived("").is_err());
    }
}

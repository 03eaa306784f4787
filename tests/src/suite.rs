//! Turns cases into tests of cargo, and says aloud which could not run.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use libtest_mimic::{Arguments, Failed, Trial};

use crate::case::Case;
use crate::cases::{individually, whole};
use crate::command;
use crate::comparison::differences;
use crate::cpus::Placement;
use crate::expected::objection;
use crate::programs::Flavour;
use crate::run;

/// The variable of the environment that adds the cases that take minutes.
const LONG: &str = "LONG";

/// A list of tests under construction.
#[derive(Default)]
pub struct Suite {
    trials: Vec<Trial>,
    skipped: Vec<String>,
    left_out: usize,
}

impl Suite {
    /// Adds `case` with that many CPUs. If something that it needs is not installed it is skipped, with a
    /// visible line; where the variable `CI` is set it fails. One that takes minutes is left out unless the variable LONG is set.
    pub fn add(&mut self, case: Case, placement: Placement) {
        if case.long && std::env::var_os(LONG).is_none() {
            self.left_out += 1;
            return;
        }
        let known = if case.differs { ", known to differ" } else { "" };
        let name = format!("{} ({}{known})", case.name, placement.name());
        let Some(lack) = lack(&case, placement) else {
            self.trials.push(Trial::test(name, move || check(&case, placement)));
            return;
        };
        let in_ci = std::env::var_os("CI").is_some();
        self.skipped.push(format!("skipped: {name}: {lack}"));
        let trial = Trial::test(name, move || Err(Failed::from(lack)));
        self.trials.push(trial.with_ignored_flag(!in_ci));
    }

    /// Adds every case with every number of CPUs.
    pub fn add_all(&mut self, cases: impl IntoIterator<Item = Case>) {
        for case in cases {
            self.add(case.clone(), Placement::OneCpu);
            self.add(case, Placement::TwoCpus);
        }
    }

    /// Adds the C programs of `group`, compiled into `folder`: each case alone, each program as a whole on two CPUs
    /// and on four vCPUs that share them, and as a dynamic PIE.
    ///
    /// # Errors
    /// A program that does not compile.
    pub fn add_programs(&mut self, group: &str, folder: &Path) -> Result<()> {
        for case in individually(group, Flavour::Static, folder)? {
            self.add(case, Placement::OneCpu);
        }
        for case in whole(group, Flavour::Static, folder)? {
            self.add(case.clone(), Placement::Oversubscribed);
            self.add(case, Placement::TwoCpus);
        }
        for case in whole(group, Flavour::DynamicPie, folder)? {
            self.add(case, Placement::OneCpu);
        }
        Ok(())
    }

    /// Runs the tests as the command line says and prints a summary.
    #[must_use]
    pub fn run(self) -> ExitCode {
        let arguments = Arguments::from_args();
        let conclusion = libtest_mimic::run(&arguments, self.trials);
        if !arguments.list {
            self.skipped.iter().for_each(|line| eprintln!("{line}"));
            if self.left_out > 0 {
                eprintln!("left out: {} that take minutes; {LONG}=1 adds them", self.left_out);
            }
            eprintln!(
                "compared with Linux: {} the same, {} different, {} skipped",
                conclusion.num_passed,
                conclusion.num_failed,
                self.skipped.len()
            );
        }
        conclusion.exit_code()
    }
}

fn lack(case: &Case, placement: Placement) -> Option<String> {
    if placement.list().is_none() {
        return Some("needs two CPUs".to_owned());
    }
    let missing = case.needs.iter().find(|program| command::find(Path::new(program)).is_none())?;
    Some(format!("needs {missing}, which is not installed"))
}

/// Runs `case` on both sides.
///
/// # Errors
/// Every difference, or why no comparison was possible.
pub fn check(case: &Case, placement: Placement) -> Result<(), Failed> {
    let (native, lwk) = run::both(case, placement).map_err(|error| format!("{error:#}"))?;
    if let Some(objection) = objection(case, &native) {
        return Err(objection.into());
    }
    match differences(&native, &lwk) {
        None if case.differs => Err("is marked DIFFERS but does what Linux does: take the mark away".into()),
        None => Ok(()),
        Some(_) if case.differs => Ok(()),
        Some(report) => Err(format!("{}\n{report}", command_line(case)).into()),
    }
}

fn command_line(case: &Case) -> String {
    let words: Vec<_> = case.argv.iter().map(|word| word.to_string_lossy()).collect();
    words.join(" ").chars().take(300).collect()
}

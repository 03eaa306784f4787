//! The harness against runners that err on purpose: it finds every kind of difference, and none where there is none.

use std::path::{Path, PathBuf};

use differential_tests::case::Case;
use differential_tests::command::Runner;
use differential_tests::comparison::differences;
use differential_tests::cpus::Placement;
use differential_tests::expected::objection;
use differential_tests::outcome::Outcome;
use differential_tests::programs;
use differential_tests::run::once;
use rustix::process::Signal;

fn pass_through() -> PathBuf {
    programs::pass_through(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap()
}

fn case() -> Case {
    let set_up = "echo data >file; ln -s file link; mkdir folder; touch -d @0 folder/old";
    Case::new("case", ["sh", "-c", "echo out; echo err >&2; exit 3"]).set_up(set_up).status(3)
}

fn run(case: &Case, runner: Runner) -> Outcome {
    let parent = tempfile::tempdir().unwrap();
    once(case, runner, &parent.path().join("case")).unwrap()
}

/// What the harness says about a runner with `defect`.
fn report(case: &Case, defect: &str) -> Option<String> {
    let case = if defect.is_empty() { case.clone() } else { case.clone().variable("PASS_THROUGH_DEFECT", defect) };
    let executable = pass_through();
    let lwk = Runner::Lwk(&executable, Placement::OneCpu);
    differences(&run(&case, Runner::Native), &run(&case, lwk))
}

#[test]
fn faithful_runner_is_accepted() {
    assert_eq!(report(&case(), ""), None);
}

#[test]
fn every_kind_of_defect_is_reported() {
    let defects = [
        ("stdout", "stdout: differs from line 2"),
        ("stderr", "stderr: differs from line 2"),
        ("status", "status: native 3, LWK 77"),
        ("process", "processes outlived the program"),
        ("rm file", "file file:"),
        ("printf Data >file", "\"Data\""),
        ("chmod 600 file", "mode 0600"),
        ("ln -sf other link", "symlink to other"),
        ("touch stray", "file stray:"),
        ("touch -d @1 folder/old", "modified 1.0"),
        ("ln file twice", "2 links"),
        ("rmdir folder; rm -r folder; touch folder", "file folder:"),
        ("mkfifo pipe", "fifo"),
        ("chown 1:2 file", "owner 1:2"),
    ];
    for (defect, expected) in defects {
        let report = report(&case(), defect).unwrap_or_default();
        assert!(report.contains(expected), "{defect}: {report}");
    }
}

#[test]
fn runner_that_hangs_is_killed_and_reported() {
    let report = report(&case().seconds(1), "hang").unwrap_or_default();
    assert!(report.contains("time limit"), "{report}");
}

#[test]
fn oracle_with_an_unexpected_status_is_no_oracle() {
    let wrong = case().status(0);
    let native = run(&wrong, Runner::Native);
    let objection = objection(&wrong, &native).unwrap_or_default();
    assert!(objection.contains("status 3, the case expects 0"), "{objection}");
}

#[test]
fn failed_set_up_is_an_error() {
    let parent = tempfile::tempdir().unwrap();
    let broken = case().set_up("echo why >&2; false");
    let error = once(&broken, Runner::Native, &parent.path().join("case")).unwrap_err();
    assert!(error.to_string().contains("why"), "{error}");
}

#[test]
fn death_by_signal_is_128_and_its_number() {
    let killed = Case::shell("killed", "kill -TERM $$");
    assert_eq!(run(&killed, Runner::Native).status, 143);
}

#[test]
fn signal_is_sent_after_the_first_line() {
    let trapping = Case::shell("trap", "trap 'echo caught; exit 7' TERM; echo ready; read x").signal(Signal::TERM);
    let outcome = run(&trapping, Runner::Native);
    assert_eq!((outcome.status, outcome.stdout.as_slice()), (7, b"ready\ncaught\n".as_slice()));
}

#[test]
fn reader_that_goes_away_is_felt_by_the_program() {
    let outcome = run(&Case::words("yes", "yes").close_stdout_after(4), Runner::Native);
    assert_eq!((outcome.status, outcome.stdout.as_slice()), (141, b"y\ny\n".as_slice()));
}

#[test]
fn program_on_a_terminal_sees_its_size() {
    let outcome = run(&Case::words("stty", "stty size").on_a_terminal(), Runner::Native);
    assert_eq!((outcome.status, outcome.stdout.as_slice()), (0, b"24 80\r\n".as_slice()));
}

#[test]
fn prelude_sets_umask_and_descriptors() {
    let script = "umask; read line <&3; echo $line";
    let case = Case::shell("umask", script).set_up("echo third >file").prelude("umask 027; exec 3<file");
    assert_eq!(run(&case, Runner::Native).stdout, b"0027\nthird\n");
}

#[test]
fn refused_program_is_judged_by_status_and_one_line() {
    let missing = Case::words("missing", "./missing").status(127);
    assert_eq!(run(&missing, Runner::Native).status, 127);
    assert_eq!(report(&missing, ""), None);
    let report = report(&missing, "echo and more").unwrap_or_default();
    assert!(report.contains("stdout: differs"), "{report}");
}
